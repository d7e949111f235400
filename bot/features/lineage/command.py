"""`/lineage`: the family of a picture as a tree, and the way to it from the original as an animation."""

import asyncio
import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import discord

from bot.domain.ports import ImageStore, JobHistory
from bot.domain.records import JobRecord
from bot.features.lineage.store import SqlLineageStore
from bot.features.lineage.view import build_lineage_view, describe_changes
from bot.i18n import Messages
from bot.images.lineage_tree import Node, draw_lineage_tree
from bot.images.thumbnail import make_thumbnail
from bot.images.timelapse import make_timelapse
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with
from bot.interactions.visibility import may_view_job
from bot.results.thumbnails import ThumbnailLoader
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

MAX_JOBS: Final = 40
TREE_FILENAME, TIMELAPSE_FILENAME = "lineage.jpg", "lineage.webp"


@dataclass(frozen=True)
class LineageCommand:
    """Draws where a picture came from, and what came of it; for everyone, where all was told in the same place."""

    job_history: JobHistory
    image_store: ImageStore
    lineage_store: SqlLineageStore
    thumbnailer: ThumbnailLoader
    catalogue: Catalogue

    async def __call__(self, interaction: discord.Interaction, job: str | None) -> None:
        """Show the family of this job, or of the latest picture of the thread that the command was used in."""
        async with limit_lookup_time(interaction):
            here = await self._find_job(interaction, job)
            whole = await self.lineage_store.load_lineage(here.job.id, MAX_JOBS + 1)
        family = [past for past in whole if may_view_job(interaction, replace(past, is_deleted=False))]
        private = not all(_is_readable_here(interaction, past) for past in family)
        await respond_with(
            interaction, lambda: self._render_lineage(interaction, here, family[:MAX_JOBS]), private=private
        )

    async def _render_lineage(
        self, interaction: discord.Interaction, current: JobRecord, records: Sequence[JobRecord]
    ) -> RenderedMessage:
        phrases = get_localized_messages(interaction)
        originals = await self._load_originals(records)
        small = dict(
            zip(
                (p.job.id for p in records),
                await self.thumbnailer.load_thumbnails(interaction.client, records),
                strict=True,
            )
        )
        nodes = [
            *_build_original_nodes(originals, records, phrases),
            *self._build_nodes(records, small, originals, current.job.id, phrases),
        ]
        tree = await asyncio.to_thread(
            draw_lineage_tree, nodes, lambda count: phrases.text("lineage.more", count=count)
        )
        for place in tree.unreadable_indexes:
            log.warning("job %s: its thumbnail is broken; delete its row to have it made anew", nodes[place].id)
        files = [discord.File(io.BytesIO(tree.jpeg), filename=TREE_FILENAME)]
        film = await self._build_timelapse(
            _trace_path(current, records), small, originals, interaction.filesize_limit - len(tree.jpeg)
        )
        if film is not None:
            files.append(discord.File(io.BytesIO(film), filename=TIMELAPSE_FILENAME))
        view = build_lineage_view(
            records,
            current.job.id,
            phrases,
            self.catalogue,
            original_count=len(originals),
            tree_filename=TREE_FILENAME,
            timelapse_filename=None if film is None else TIMELAPSE_FILENAME,
        )
        return RenderedMessage(view, files)

    async def _find_job(self, interaction: discord.Interaction, job: str | None) -> JobRecord:
        found = await (
            self.job_history.find_job(job) if job else self.job_history.find_latest_result(interaction.channel_id or 0)
        )
        if found is None:
            raise RejectedError(make_problem("lineage_unknown" if job else "lineage_nothing"))
        if not may_view_job(interaction, found):
            raise RejectedError(make_problem("lineage_unknown"))
        return found

    async def _load_originals(self, records: Sequence[JobRecord]) -> Mapping[str, bytes]:
        """Give what the first ones started from, small, by the first one's job; what was deleted shows nothing."""
        known = {past.job.id for past in records}
        found = {}
        for past in records:
            if past.job.parent_id in known or past.source_sha256 is None or past.is_deleted:
                continue
            kept = await self.image_store.load_source_image(past.source_sha256)
            if kept is not None:
                found[past.job.id] = await asyncio.to_thread(make_thumbnail, kept.data)
        return found

    def _build_nodes(
        self,
        records: Sequence[JobRecord],
        thumbnails: Mapping[str, bytes | None],
        originals: Mapping[str, bytes],
        current_id: str,
        messages: Messages,
    ) -> list[Node]:
        known = {past.job.id: past for past in records}
        nodes = []
        for past in records:
            parent = known.get(past.job.parent_id or "")
            original = _format_original_id(past.job.id) if past.job.id in originals else None
            nodes.append(
                Node(
                    id=past.job.id,
                    parent_id=parent.job.id if parent else original,
                    thumbnail=thumbnails[past.job.id],
                    author=past.job.requester.name,
                    seed_label="" if past.seed is None else f"{messages.get_option_name('seed')} {past.seed}",
                    changes=describe_changes(parent, past, self.catalogue, messages) if parent else "",
                    current_label=messages.text("lineage.here") if past.job.id == current_id else "",
                    placeholder=messages.text(f"lineage.{past.missing_image_reason}"),
                    fallback_author=messages.text("lineage.somebody"),
                )
            )
        return nodes

    async def _build_timelapse(
        self,
        path: Sequence[JobRecord],
        thumbnails: Mapping[str, bytes | None],
        originals: Mapping[str, bytes],
        limit: int,
    ) -> bytes | None:
        """Show the way from the original to here; None where there are not two pictures of it, or no room."""
        frames = [originals.get(path[0].job.id), *(thumbnails[past.job.id] for past in path)]
        seen = [frame for frame in frames if frame is not None]
        if len(seen) < 2:  # noqa: PLR2004 - one picture is no way
            return None
        try:
            return await asyncio.to_thread(make_timelapse, seen, limit)
        except ValueError as error:
            log.info("a time-lapse was left out: %s", error)
            return None


def _is_readable_here(interaction: discord.Interaction, record: JobRecord) -> bool:
    """Tell whether everyone who reads the answer could read this one, too."""
    place, channel = record.job.origin, interaction.channel
    parent = channel.parent_id if isinstance(channel, discord.Thread) else None
    return not place.is_direct_message and place.channel_id in {interaction.channel_id, parent}


def _trace_path(current: JobRecord, records: Sequence[JobRecord]) -> list[JobRecord]:
    known = {past.job.id: past for past in records}
    way = [current]
    while (parent := known.get(way[0].job.parent_id or "")) is not None and parent not in way:
        way.insert(0, parent)
    return way


def _build_original_nodes(
    originals: Mapping[str, bytes], records: Sequence[JobRecord], messages: Messages
) -> list[Node]:
    names = {past.job.id: past.job.requester.name for past in records}
    return [
        Node(
            id=_format_original_id(job_id),
            parent_id=None,
            thumbnail=data,
            author=names[job_id],
            seed_label=messages.text("lineage.original"),
            fallback_author=messages.text("lineage.somebody"),
        )
        for job_id, data in originals.items()
    ]


def _format_original_id(job_id: str) -> str:
    return f"{job_id}:original"
