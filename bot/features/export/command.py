"""`/export`: one's own history as zips within the upload limit, each with a manifest of what is in it.

The jobs are gone through newest first, with one picture and one zip in memory; a zip that is full is sent, and the next
begun. What does not fit into the zips or the time of one go is had by the button under the last word.
"""

import asyncio
import io
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

import discord
from discord import ui

from bot.delivery.result_message import build_file_stem
from bot.domain.ports import JobSearch
from bot.domain.records import JobRecord
from bot.domain.search import SearchQuery
from bot.features.export.archive import ExportArchive
from bot.features.export.manifest import build_manifest_entry
from bot.i18n import Messages
from bot.images.upload_limit import MAX_REQUEST_BYTES
from bot.interactions.legacy import LegacyCustomId, build_legacy_button
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import (
    UPLOAD_TIMEOUT_SECONDS,
    defer,
    format_problems,
    respond_outdated,
    respond_with_problems,
)
from bot.results.images import ResultImageLoader
from shared.imaging.sniffing import sniff_image_type
from shared.problems import RejectedError, make_problem

MAX_ARCHIVES: Final = 10
MAX_EXPORT_SECONDS: Final = 600.0  # of the 900 in which Discord takes followups
MAX_CONCURRENT_EXPORTS: Final = 2
PICTURE_TIMEOUT_SECONDS: Final = 30.0
_CURSOR_PATTERN: Final = re.compile(r"(\d{1,12})-(\d{1,9})", re.ASCII)
_PAGE_SIZE: Final = 50


@dataclass
class ExportProgress:
    """How far one export has come; `skip` jobs are behind it."""

    offset: int
    archives: int = 0
    jobs: int = 0
    pictures: int = 0
    remaining: int = 0


@dataclass(frozen=True)
class ExportCommand:
    """Sends a person what they made, to them alone; one export of a person at a time, and `AT_ONCE` in all.

    `parts` and `seconds` bound what one go sends, and how long it takes.
    """

    job_search: JobSearch
    pictures: ResultImageLoader
    max_archives: int = MAX_ARCHIVES
    max_seconds: float = MAX_EXPORT_SECONDS
    clock: Callable[[], float] = time.time
    active_users: set[int] = field(default_factory=set)

    async def __call__(self, interaction: discord.Interaction) -> None:
        await self._run_exclusively(interaction, until=int(self.clock()) + 1, offset=0)

    async def continue_export(self, interaction: discord.Interaction, parsed_id: LegacyCustomId) -> None:
        """Go on where an export of before ended: `press.more` is when that was asked for, and how many it had."""
        found = _CURSOR_PATTERN.fullmatch(parsed_id.argument)
        if found is None:
            await respond_outdated(interaction)
        else:
            await self._run_exclusively(interaction, until=int(found[1]), offset=int(found[2]))

    async def _run_exclusively(self, interaction: discord.Interaction, *, until: int, offset: int) -> None:
        user = interaction.user.id
        if user in self.active_users or len(self.active_users) >= MAX_CONCURRENT_EXPORTS:
            await respond_with_problems(
                interaction, [make_problem("export_running" if user in self.active_users else "export_busy")]
            )
            return
        self.active_users.add(user)
        try:
            if await defer(interaction, private=True):
                await self._send_archives(interaction, until, ExportProgress(offset))
        finally:
            self.active_users.discard(user)

    async def _send_archives(self, interaction: discord.Interaction, until: int, progress: ExportProgress) -> None:
        phrases = get_localized_messages(interaction)
        await interaction.edit_original_response(content=phrases.text("export.going"))
        try:
            async for part in self._build_archives(interaction, until, progress):
                progress.archives += 1
                name = f"pentimento-{progress.offset}.zip"
                async with asyncio.timeout(UPLOAD_TIMEOUT_SECONDS):
                    await interaction.followup.send(
                        file=discord.File(io.BytesIO(part), filename=name), ephemeral=True, wait=True
                    )
        except RejectedError as refused:
            await interaction.edit_original_response(content=format_problems(interaction, refused.problems))
            return
        await interaction.edit_original_response(
            content=_format_summary(progress, phrases), view=_build_continue_view(until, progress, phrases)
        )

    async def _build_archives(
        self, interaction: discord.Interaction, until: int, progress: ExportProgress
    ) -> AsyncIterator[bytes]:
        """Give the zips of one go, each when it is full."""
        limit, ends = min(interaction.filesize_limit, MAX_REQUEST_BYTES), time.monotonic() + self.max_seconds
        part = ExportArchive(limit)
        async for past in self._iterate_jobs(interaction.user.id, until, progress):
            picture, why = await self._fetch_picture(interaction.client, past, limit)
            kind = sniff_image_type(picture[:512]) if picture else None
            file = f"{build_file_stem(past.job.id, past.seed)}.{kind.extension}" if kind else None
            entry = build_manifest_entry(past, file, why)
            if not part.has_room_for(entry, picture):
                yield part.finish_archive()
                part = ExportArchive(limit)
                if progress.archives >= self.max_archives:
                    return
            part.add_job(entry, picture)
            progress.offset, progress.jobs, progress.remaining = (
                progress.offset + 1,
                progress.jobs + 1,
                progress.remaining - 1,
            )
            progress.pictures += picture is not None
            if time.monotonic() > ends:
                break
        if not part.is_empty:
            yield part.finish_archive()

    async def _iterate_jobs(self, user: int, until: int, progress: ExportProgress) -> AsyncIterator[JobRecord]:
        wanted, skip = SearchQuery(user, accepted_before=until), progress.offset
        while True:
            found = await self.job_search.search_jobs(
                wanted, guild_id=None, channel_ids=(), limit=_PAGE_SIZE, offset=skip
            )
            progress.remaining = found.total_count - skip
            for past in found.records:
                yield past
            skip += _PAGE_SIZE
            if skip >= found.total_count:
                return

    async def _fetch_picture(
        self, client: discord.Client, record: JobRecord, limit: int
    ) -> tuple[bytes | None, str | None]:
        """Give a job's picture, or why there is none."""
        if record.outcome_kind != "generated":
            return None, record.outcome_kind
        try:
            async with asyncio.timeout(PICTURE_TIMEOUT_SECONDS):
                picture = await self.pictures.load_image(client, record)
        except (RejectedError, TimeoutError):
            return None, "unreachable"
        if picture is None or sniff_image_type(picture[:512]) is None:
            return None, "deleted" if record.is_deleted else "gone"
        if not ExportArchive(limit).has_room_for(build_manifest_entry(record, "", None), picture):
            return None, "too large"
        return picture, None


def _format_summary(progress: ExportProgress, messages: Messages) -> str:
    """Say what was sent, and what was not."""
    if not progress.jobs:
        return messages.text("export.nothing")
    said = [messages.text("export.sent", count=progress.jobs, pictures=progress.pictures)]
    if progress.jobs > progress.pictures:
        said.append(messages.text("export.without", count=progress.jobs - progress.pictures))
    if progress.remaining > 0:
        said.append(messages.text("export.left", count=progress.remaining))
    return "\n".join(said)


def _build_continue_view(until: int, progress: ExportProgress, messages: Messages) -> ui.View | None:
    """Give what goes on with the older ones, where there are any."""
    if progress.remaining <= 0:
        return None
    view = ui.View(timeout=None)
    view.add_item(
        build_legacy_button(
            "export", "0", messages, argument=f"{until}-{progress.offset}", label=messages.text("export.older")
        )
    )
    return view
