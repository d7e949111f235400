"""The command `/export`: sends a person's pictures and settings as zip archives within the upload limit.

Jobs are exported newest first, with one picture and one archive in memory. An archive that is full is sent and the next
one begun. A button under the last message continues an export that exceeded the number of archives or the time limit.
"""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import discord

from bot.delivery.result_message import build_file_stem
from bot.domain.ports import JobSearch
from bot.domain.records import JobRecord
from bot.domain.search import SearchQuery
from bot.features.export.view import ContinueExportId, ExportProgress, build_continue_view, format_summary
from bot.images.upload_limit import MAX_REQUEST_BYTES
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import format_problems
from bot.results.archive_sender import ArchiveSender, load_archive_picture, name_picture, send_archive
from bot.results.export_archive import ExportArchive
from bot.results.export_manifest import build_manifest_entry
from bot.results.images import ResultImageLoader
from shared.problems import RejectedError

MAX_ARCHIVES: Final = 10
MAX_EXPORT_SECONDS: Final = 600.0  # Discord accepts followups for 900 s
_PAGE_SIZE: Final = 50


@dataclass(frozen=True)
class ExportCommand:
    """Sends exports privately: one at a time for each person, and few altogether.

    `max_archives` and `max_seconds` limit one export until it has to be continued. `clock` gives Unix seconds.
    """

    job_search: JobSearch
    image_loader: ResultImageLoader
    max_archives: int = MAX_ARCHIVES
    max_seconds: float = MAX_EXPORT_SECONDS
    clock: Callable[[], float] = time.time
    sender: ArchiveSender = field(default_factory=ArchiveSender)

    async def start_export(self, interaction: discord.Interaction) -> None:
        """Export all of the person's jobs."""
        await self._run_exclusively(interaction, until=int(self.clock()) + 1, offset=0)

    async def continue_export(self, interaction: discord.Interaction, custom_id: ContinueExportId) -> None:
        """Continue an export with the jobs that it did not reach."""
        await self._run_exclusively(interaction, until=custom_id.until, offset=custom_id.offset)

    async def _run_exclusively(self, interaction: discord.Interaction, *, until: int, offset: int) -> None:
        send = partial(self._send_archives, interaction, until, ExportProgress(offset))
        await self.sender.run_exclusively(interaction, send)

    async def _send_archives(self, interaction: discord.Interaction, until: int, progress: ExportProgress) -> None:
        messages = get_localized_messages(interaction)
        await interaction.edit_original_response(content=messages.text("export.going"))
        try:
            async for archive in self._build_archives(interaction, until, progress):
                progress.archive_count += 1
                await send_archive(interaction, archive, f"pentimento-{progress.offset}.zip")
        except RejectedError as rejection:
            await interaction.edit_original_response(content=format_problems(interaction, rejection.problems))
            return
        await interaction.edit_original_response(
            content=format_summary(progress, messages), view=build_continue_view(until, progress, messages)
        )

    async def _build_archives(
        self, interaction: discord.Interaction, until: int, progress: ExportProgress
    ) -> AsyncIterator[bytes]:
        """Yield each archive once it is full, and the last one once a limit or the last job is reached."""
        max_bytes = min(interaction.filesize_limit, MAX_REQUEST_BYTES)
        deadline = time.monotonic() + self.max_seconds
        archive = ExportArchive(max_bytes)
        async for record in self._iterate_jobs(interaction.user.id, until, progress):
            picture, missing_reason = await self._load_picture(interaction.client, record, max_bytes)
            filename = name_picture(build_file_stem(record.job.id, record.seed), picture)
            entry = build_manifest_entry(record, filename, missing_reason)
            if not archive.has_room_for(entry, picture):
                yield archive.finish_archive()
                archive = ExportArchive(max_bytes)
                if progress.archive_count >= self.max_archives:
                    return
            archive.add_job(entry, picture)
            progress.count_job(has_picture=picture is not None)
            if time.monotonic() > deadline:
                break
        if not archive.is_empty:
            yield archive.finish_archive()

    async def _iterate_jobs(self, user_id: int, until: int, progress: ExportProgress) -> AsyncIterator[JobRecord]:
        """Iterate over the person's jobs before `until`, newest first, and update the number that remain."""
        query, start_id = SearchQuery(user_id, accepted_before=until), None
        progress.remaining_count = await self.job_search.count_own_jobs(user_id, until) - progress.offset
        while True:
            found = await self.job_search.list_jobs(
                query,
                guild_id=None,
                channel_ids=(),
                limit=_PAGE_SIZE,
                offset=progress.offset if start_id is None else 0,
                before_id=start_id,
            )
            for record in found.records:
                yield record
            if not found.has_more:
                progress.remaining_count = 0
                return
            start_id = found.last_id

    async def _load_picture(
        self, client: discord.Client, record: JobRecord, max_bytes: int
    ) -> tuple[bytes | None, str | None]:
        """Load a job's picture. Returns the picture, or the reason why there is none for the manifest."""
        if record.outcome_kind != "generated":
            return None, record.outcome_kind
        return await load_archive_picture(self.image_loader.load_image(client, record), record, max_bytes)
