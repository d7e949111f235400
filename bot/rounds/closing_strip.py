"""The pictures of a contest's last message: a time-lapse of its winners, and the tree of its entries."""

import asyncio
import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import ui

from bot.domain.ports import JobHistory
from bot.domain.records import JobRecord
from bot.domain.rounds import Contest, EntryState, RoundEntry
from bot.images.limits import UPLOAD_LIMITS
from bot.images.lineage_tree import MAX_NODES, Node, draw_lineage_tree
from bot.images.thumbnail import make_thumbnail
from bot.images.timelapse import make_timelapse
from bot.rendering.layout import build_attached_gallery
from bot.rendering.markdown import format_request_prompt, truncate_text
from bot.results.picture_thumbnails import PictureThumbnails
from bot.rounds.texts import mention_author
from bot.storage.images import SqlImageStore
from shared.i18n.messages import Messages
from shared.imaging.limits import ImageRejectedError

log = logging.getLogger(__name__)

TREE_FILENAME: Final = "tree.jpg"
TIMELAPSE_FILENAME: Final = "timelapse.webp"
_SOURCE_ID: Final = "source"
_SOURCE_BADGE: Final = "0"
_PROMPT_LIMIT: Final = 60


@dataclass(frozen=True)
class ClosingStrip:
    """The galleries of the last message and their files; `credits` names the author of each number in the tree."""

    galleries: Sequence[ui.MediaGallery[Any]] = ()
    files: Sequence[discord.File] = ()
    credits: str = ""


@dataclass(frozen=True)
class ClosingStripBuilder:
    """Draws the pictures. What cannot be drawn is logged, and left out of the message."""

    job_history: JobHistory
    thumbnails: PictureThumbnails
    image_store: SqlImageStore

    async def build_strip(
        self,
        client: discord.Client,
        contest: Contest,
        entries: Sequence[RoundEntry],
        messages: Messages,
        max_bytes: int,
    ) -> ClosingStrip:
        """Draw the time-lapse and the tree, each for a gallery of its own, because Discord crops those that share one.

        Raises `RejectedError` if the database fails.
        """
        shown = select_entries(contest, entries)
        found = await self.job_history.find_jobs([entry.job_id for entry in shown])
        records = {job_id: record for job_id, record in found.items() if not record.is_deleted}
        source = await self._find_source(contest, records)
        job_ids = [*records, *([source.job.id] if source else [])]
        thumbnails = dict(await self.thumbnails.load_thumbnails(client, job_ids))
        upload = await self._load_upload(contest)
        if upload is not None:
            thumbnails[_SOURCE_ID] = upload
        path = [entry for entry in list_path(contest, shown) if entry.job_id in records]
        source_id = source.job.id if source else _SOURCE_ID
        frames = [thumbnails[one] for one in (source_id, *(e.job_id for e in path)) if one in thumbnails]
        nodes = build_nodes(contest, shown, records, thumbnails, source, messages)
        galleries: list[ui.MediaGallery[Any]] = []
        files: list[discord.File] = []
        timelapse = await asyncio.to_thread(_draw_timelapse, frames, max_bytes // 2) if len(frames) > 1 else None
        if timelapse is not None:
            galleries.append(build_attached_gallery(TIMELAPSE_FILENAME, messages.text("round.timelapse")))
            files.append(discord.File(io.BytesIO(timelapse), filename=TIMELAPSE_FILENAME))
        credits_text = ""
        if len(nodes) > 1:
            credits_text = format_credits(nodes, shown, messages)
            tree = await asyncio.to_thread(draw_lineage_tree, nodes)
            galleries.append(build_attached_gallery(TREE_FILENAME, messages.text("round.tree", count=len(nodes))))
            files.append(discord.File(io.BytesIO(tree.jpeg), filename=TREE_FILENAME))
        return ClosingStrip(galleries, files, credits_text)

    async def _find_source(self, contest: Contest, records: Mapping[str, JobRecord]) -> JobRecord | None:
        """Find the result from which the first round started, if it was one."""
        if contest.source_sha256 is not None:
            return None
        parent_ids = {record.job.parent_id for record in records.values()} - {None, *records}
        parents = await self.job_history.find_jobs(list(filter(None, parent_ids)))
        return next((parents[one] for one in sorted(parents) if not parents[one].is_deleted), None)

    async def _load_upload(self, contest: Contest) -> bytes | None:
        """Load the picture that the host uploaded, as a thumbnail."""
        if contest.source_sha256 is None:
            return None
        image = await self.image_store.load_source_image(contest.source_sha256)
        try:
            return None if image is None else await asyncio.to_thread(make_thumbnail, image.picture, UPLOAD_LIMITS)
        except (ImageRejectedError, MemoryError):
            log.warning("contest %s: its first picture cannot be drawn", contest.id, exc_info=True)
            return None


def select_entries(contest: Contest, entries: Sequence[RoundEntry]) -> list[RoundEntry]:
    """Select the entries that the tree shows, in their order: those of the path first, then those with most points."""
    entered = [entry for entry in entries if entry.state is EntryState.ENTERED and entry.number is not None]
    path = {entry.job_id for entry in list_path(contest, entered)}
    best = sorted(entered, key=lambda entry: (entry.job_id not in path, -entry.points, entry.round_number))
    chosen = {entry.job_id for entry in best[: MAX_NODES - 1]}
    return [entry for entry in entered if entry.job_id in chosen]


def list_path(contest: Contest, entries: Sequence[RoundEntry]) -> list[RoundEntry]:
    """List the entries from which the contest went on, in order: the first winner of each round, or a relay's turns."""
    ordered = sorted(entries, key=lambda entry: (entry.round_number, entry.number or 0))
    if contest.settings.is_relay:
        return ordered
    winners: dict[int, RoundEntry] = {}
    for entry in ordered:
        if entry.is_winner:
            winners.setdefault(entry.round_number, entry)
    return list(winners.values())


def build_nodes(
    contest: Contest,
    entries: Sequence[RoundEntry],
    records: Mapping[str, JobRecord],
    thumbnails: Mapping[str, bytes],
    source: JobRecord | None,
    messages: Messages,
) -> list[Node]:
    """Build the nodes of the tree: the picture that all started from, and the entries. Winners are marked.

    The badge of an entry is its number, after that of its round if there are several.
    """
    nodes: list[Node] = []
    if source is not None:
        nodes.append(_build_node(source, None, thumbnails, messages, badge=_SOURCE_BADGE))
    elif contest.source_sha256 is not None:
        nodes.append(
            Node(
                id=_SOURCE_ID,
                parent_id=None,
                thumbnail=thumbnails.get(_SOURCE_ID),
                author="",
                seed_label=messages.text("lineage.original"),
                placeholder=messages.text("lineage.gone"),
                badge=_SOURCE_BADGE,
            )
        )
    for entry in entries:
        record = records.get(entry.job_id)
        if record is not None:
            is_from_upload = contest.source_sha256 is not None and record.job.parent_id is None
            parent_id = _SOURCE_ID if is_from_upload else record.job.parent_id
            label = messages.text("round.winner") if entry.is_winner else ""
            badge = f"{entry.number}" if contest.settings.rounds == 1 else f"{entry.round_number}.{entry.number}"
            nodes.append(_build_node(record, parent_id, thumbnails, messages, badge=badge, label=label))
    return nodes


def format_credits(nodes: Sequence[Node], entries: Sequence[RoundEntry], messages: Messages) -> str:
    """Name the authors of the numbers in the tree, a line for each round."""
    by_id = {entry.job_id: entry for entry in entries}
    lines: dict[int, list[str]] = {}
    for node in nodes:
        entry = by_id.get(node.id)
        if entry is None:
            lines[0] = [f"**{node.badge}** {messages.text('round.first_picture')}"]
            continue
        lines.setdefault(entry.round_number, []).append(f"**{node.badge}** {mention_author(entry, messages)}")
    return "\n".join(
        " · ".join(names)
        if number == 0
        else messages.text("round.tree_credits", number=number, names=" · ".join(names))
        for number, names in sorted(lines.items())
    )


def _build_node(
    record: JobRecord,
    parent_id: str | None,
    thumbnails: Mapping[str, bytes],
    messages: Messages,
    *,
    badge: str,
    label: str = "",
) -> Node:
    prompt = truncate_text(format_request_prompt(record.job.request), _PROMPT_LIMIT)
    return Node(
        id=record.job.id,
        parent_id=parent_id,
        thumbnail=thumbnails.get(record.job.id),
        author=record.job.requester.name,
        seed_label="" if record.seed is None else f"{messages.get_option_name('seed')} {record.seed}",
        changes=messages.text("language.quoted", words=prompt) if prompt else "",
        current_label=label,
        placeholder=messages.text("lineage.gone"),
        fallback_author=messages.text("lineage.somebody"),
        badge=badge,
    )


def _draw_timelapse(frames: Sequence[bytes], max_bytes: int) -> bytes | None:
    try:
        return make_timelapse(frames, max_bytes)
    except (ValueError, ImageRejectedError):
        log.warning("a time-lapse of %d pictures cannot be drawn", len(frames), exc_info=True)
        return None
