"""The command `/lineage`: a picture's lineage as a tree, and the path to the picture as a time-lapse."""

import asyncio
import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import discord
from discord import app_commands

from bot.discord_client.command_builder import JOB_ID_LENGTH
from bot.domain.ports import ImageStore, JobHistory
from bot.domain.records import JobRecord
from bot.features.lineage.store import SqlLineageStore
from bot.features.lineage.tree import build_nodes, list_path_thumbnails
from bot.features.lineage.view import build_lineage_view
from bot.images.limits import UPLOAD_LIMITS
from bot.images.lineage_tree import draw_lineage_tree
from bot.images.thumbnail import make_thumbnail
from bot.images.timelapse import make_timelapse
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages, get_public_messages
from bot.interactions.responses import RenderedMessage, respond_with
from bot.interactions.visibility import may_view_job
from bot.results.newest import NewestResultFinder
from bot.results.thumbnails import ThumbnailLoader
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages
from shared.imaging.limits import ImageRejectedError
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

MAX_JOBS: Final = 40
TREE_FILENAME: Final = "lineage.jpg"
TIMELAPSE_FILENAME: Final = "lineage.webp"
_MIN_FRAMES: Final = 2


@dataclass(frozen=True)
class LineageCommand:
    """Draws lineages. The message is public only if everyone who can read it can read all of the lineage's results."""

    job_history: JobHistory
    newest_results: NewestResultFinder
    image_store: ImageStore
    lineage_store: SqlLineageStore
    thumbnail_loader: ThumbnailLoader
    catalogue: Catalogue

    async def show_lineage(
        self, interaction: discord.Interaction, job: app_commands.Range[str, 1, JOB_ID_LENGTH] | None = None
    ) -> None:
        """Show the lineage of this job, by default of the newest result here, or of the person's newest."""
        async with limit_lookup_time(interaction):
            current = await self._find_job(interaction, job)
            lineage = await self.lineage_store.load_lineage(current.job.id, MAX_JOBS + 1)
        # deleted jobs stay in the tree, without their pictures
        visible = [record for record in lineage if may_view_job(interaction, replace(record, is_deleted=False))]
        private = not all(_is_readable_here(interaction, record) for record in visible)
        messages = get_localized_messages(interaction) if private else get_public_messages(interaction)
        await respond_with(
            interaction,
            lambda: self._render_lineage(interaction, current, visible[:MAX_JOBS], messages),
            private=private,
        )

    async def _find_job(self, interaction: discord.Interaction, job_id: str | None) -> JobRecord:
        if job_id:
            record = await self.job_history.find_job(job_id)
        else:
            record = await self.newest_results.find_newest_result(interaction)
            if record is None:
                raise RejectedError(make_problem("lineage_no_picture"))
        if record is None or not may_view_job(interaction, record):
            raise RejectedError(make_problem("lineage_unknown"))
        return record

    async def _render_lineage(
        self, interaction: discord.Interaction, current: JobRecord, records: Sequence[JobRecord], messages: Messages
    ) -> RenderedMessage:
        originals = await self._load_originals(records)
        loaded = await self.thumbnail_loader.load_thumbnails(interaction.client, records)
        thumbnails = dict(zip((record.job.id for record in records), loaded, strict=True))
        nodes = build_nodes(records, thumbnails, originals, current.job.id, messages, self.catalogue)
        tree = await asyncio.to_thread(
            draw_lineage_tree, nodes, lambda count: messages.text("lineage.more", count=count)
        )
        for index in tree.unreadable_indexes:
            log.warning("job %s: its thumbnail is corrupt; delete its row to have it made again", nodes[index].id)
        frames = list_path_thumbnails(current, records, thumbnails, originals)
        timelapse = await _build_timelapse(frames, interaction.filesize_limit - len(tree.jpeg))
        files = [discord.File(io.BytesIO(tree.jpeg), filename=TREE_FILENAME)]
        if timelapse is not None:
            files.append(discord.File(io.BytesIO(timelapse), filename=TIMELAPSE_FILENAME))
        view = build_lineage_view(
            records,
            current.job.id,
            messages,
            self.catalogue,
            original_count=len(originals),
            tree_filename=TREE_FILENAME,
            timelapse_filename=None if timelapse is None else TIMELAPSE_FILENAME,
        )
        return RenderedMessage(view, files)

    async def _load_originals(self, records: Sequence[JobRecord]) -> Mapping[str, bytes]:
        """Load thumbnails of the pictures that the first jobs started from, by job. Deleted jobs do not show theirs."""
        job_ids = {record.job.id for record in records}
        thumbnails = {}
        for record in records:
            if record.job.parent_id in job_ids or record.source_sha256 is None or record.is_deleted:
                continue
            image = await self.image_store.load_source_image(record.source_sha256)
            try:
                if image is not None:
                    thumbnails[record.job.id] = await asyncio.to_thread(make_thumbnail, image.picture, UPLOAD_LIMITS)
            except (ImageRejectedError, MemoryError):
                log.warning("job %s: the picture that it started from cannot be drawn", record.job.id, exc_info=True)
        return thumbnails


def _is_readable_here(interaction: discord.Interaction, record: JobRecord) -> bool:
    """Return whether everyone who can read this channel can read the job, too: a request without a picture nobody."""
    if record.outcome_kind != "generated":
        return False
    origin, channel = record.job.origin, interaction.channel
    parent_id = channel.parent_id if isinstance(channel, discord.Thread) else None
    return not origin.is_direct_message and origin.channel_id in {interaction.channel_id, parent_id}


async def _build_timelapse(frames: Sequence[bytes], max_bytes: int) -> bytes | None:
    """Build the time-lapse; None if there are fewer than two frames or if it does not fit."""
    if len(frames) < _MIN_FRAMES:
        return None
    try:
        return await asyncio.to_thread(make_timelapse, frames, max_bytes)
    except ValueError as error:
        log.info("a time-lapse was left out: %s", error)
        return None
