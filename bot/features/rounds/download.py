"""The pictures of a contest that is over, as zip archives with a manifest, for whoever presses the button."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import discord

from bot.delivery.result_message import build_file_stem
from bot.domain.ports import JobHistory
from bot.domain.records import JobRecord
from bot.domain.rounds import RoundEntry
from bot.features.rounds.access import find_contest_here, list_readable_contests
from bot.features.rounds.overview_view import list_settled_entries
from bot.images.upload_limit import MAX_REQUEST_BYTES
from bot.interactions.components import build_button, build_button_view
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import format_problems
from bot.results.archive_sender import ArchiveSender, load_archive_picture, name_picture, send_archive
from bot.results.export_archive import ExportArchive
from bot.results.export_manifest import build_manifest_entry
from bot.rounds.custom_ids import DownloadContestId
from bot.rounds.pictures import RoundPictures
from bot.storage.round_stores import RoundStores
from shared.problems import RejectedError, make_problem

MAX_ARCHIVES: Final = 5
_PRIVATE_FIELDS: Final = frozenset({"cost_usd", "seconds"})


@dataclass
class _Progress:
    """How many entries were sent in a download, and how many of them without a picture.

    `offset` counts the entries before the next one, including earlier downloads.
    """

    offset: int
    sent: int = 0
    missing: int = 0


@dataclass(frozen=True)
class DownloadHandler:
    """Sends archives privately, to a few people at once."""

    stores: RoundStores
    job_history: JobHistory
    pictures: RoundPictures
    max_archives: int = MAX_ARCHIVES
    sender: ArchiveSender = field(default_factory=ArchiveSender)

    async def send_archives(self, interaction: discord.Interaction, custom_id: DownloadContestId) -> None:
        """Send the archives, and a button for the pictures that did not fit."""
        await self.sender.run_exclusively(interaction, partial(self._send, interaction, custom_id))

    async def _send(self, interaction: discord.Interaction, custom_id: DownloadContestId) -> None:
        messages = get_localized_messages(interaction)
        try:
            entries = await self._list_entries(interaction, custom_id.contest_id)
            # only a message that has content is left alone by the followups
            await interaction.edit_original_response(content=messages.text("export.going"))
            progress = _Progress(custom_id.offset)
            async for archive in self._build_archives(interaction, entries, progress):
                await send_archive(interaction, archive, f"contest-{progress.offset}.zip")
        except RejectedError as rejection:
            await interaction.edit_original_response(content=format_problems(interaction, rejection.problems))
            return
        lines = [messages.text("round.download_sent", count=progress.sent - progress.missing)]
        if progress.missing:
            lines.append(messages.text("round.download_without", count=progress.missing))
        view, remaining = None, len(entries) - progress.offset
        if remaining > 0:
            lines.append(messages.text("round.download_left", count=remaining))
            more = DownloadContestId(custom_id.contest_id, progress.offset)
            view = build_button_view(build_button(more, messages.text("round.download_more")))
        await interaction.edit_original_response(content="\n".join(lines), view=view)

    async def _list_entries(self, interaction: discord.Interaction, contest_id: str) -> Sequence[RoundEntry]:
        """List the entries of a contest that is over. Raises `RejectedError`: round_unknown, round_not_over."""
        contest = await find_contest_here(self.stores, interaction, contest_id)
        if contest.is_open:
            raise RejectedError(make_problem("round_not_over"))
        if contest.id not in {one.id for one in await list_readable_contests(self.stores, interaction)}:
            raise RejectedError(make_problem("round_unknown"))
        return list_settled_entries(contest, await self.stores.contests.list_entries(contest.id))

    async def _build_archives(
        self, interaction: discord.Interaction, entries: Sequence[RoundEntry], progress: _Progress
    ) -> AsyncIterator[bytes]:
        """Yield each archive once it is full, and the last one once a limit or the last entry is reached."""
        max_bytes = min(interaction.filesize_limit, MAX_REQUEST_BYTES)
        archive, count = ExportArchive(max_bytes), 0
        for entry in entries[progress.offset :]:
            record = await self.job_history.find_job(entry.job_id)
            if record is None:
                progress.offset += 1
                continue
            picture = await self._load_picture(interaction.client, record, max_bytes)
            described = describe_entry(entry, record, picture)
            if not archive.has_room_for(described, picture):
                yield archive.finish_archive()
                archive, count = ExportArchive(max_bytes), count + 1
                if count >= self.max_archives:
                    return
            archive.add_job(described, picture)
            progress.offset += 1
            progress.sent += 1
            progress.missing += picture is None
        if not archive.is_empty:
            yield archive.finish_archive()

    async def _load_picture(self, client: discord.Client, record: JobRecord, max_bytes: int) -> bytes | None:
        """Load a picture; None if it is gone, deleted, or too large for an archive of its own."""
        if record.is_deleted:
            return None
        loading = self.pictures.load_entry(client, record.job.id)
        picture, _ = await load_archive_picture(loading, record, max_bytes)
        return picture


def describe_entry(entry: RoundEntry, record: JobRecord, picture: bytes | None) -> dict[str, Any]:
    """Describe an entry for the manifest: its request and its result, without the price, or a deleted one's words."""
    stem = f"round-{entry.round_number}-entry-{entry.number}-{build_file_stem(record.job.id, record.seed)}"
    filename = name_picture(stem, picture)
    described = build_manifest_entry(record, filename, None if filename else "gone")
    hidden = _PRIVATE_FIELDS | ({"request", "message"} if record.is_deleted else frozenset())
    return {
        "round": entry.round_number,
        "number": entry.number,
        "author": str(entry.author_id) if entry.author_id else None,
        "points": entry.points,
        "ballots": entry.ballots,
        "winner": entry.is_winner,
    } | {name: value for name, value in described.items() if name not in hidden}
