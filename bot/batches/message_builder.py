"""Builds the board and the sheets of a batch from the database, so that each can be drawn at any time."""

import asyncio
import io
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import discord
from discord import ui

from bot.batches.board_view import BoardFacts, build_board_view, format_items
from bot.batches.estimate import estimate_end
from bot.batches.languages import load_public_messages
from bot.batches.sheet_view import SHEET_COLUMNS, SHEET_FILENAME, build_cells, build_sheet_view
from bot.delivery.ports import GuildSettingsReader
from bot.delivery.posted_messages import derive_nonce
from bot.delivery.result_message import MessagePayload
from bot.domain.batches import Batch, BatchBoard, BatchSheet, BatchState, ItemState
from bot.domain.messages import MessageRef
from bot.domain.ports import JobHistory
from bot.images.contact_sheet import draw_contact_sheet
from bot.rendering.layout import build_container_view
from bot.rendering.outcome_views import compute_component_id
from bot.results.picture_thumbnails import PictureThumbnails
from bot.storage.batches import SqlBatchStore
from shared.i18n.messages import Messages

log = logging.getLogger(__name__)

_UNSTARTED_STATES: Final = frozenset({ItemState.PENDING, ItemState.CANCELLED})


@dataclass(frozen=True)
class BatchMessageBuilder:
    """Builds messages in the language of the server. Methods raise `RejectedError` if the database fails.

    `clock` gives Unix seconds.
    """

    store: SqlBatchStore
    thumbnails: PictureThumbnails
    job_history: JobHistory
    guild_settings: GuildSettingsReader
    clock: Callable[[], float] = time.time

    async def load_messages(self, batch: Batch) -> Messages:
        """Load the texts in the language that the server chose, or else in the requester's."""
        return await load_public_messages(self.guild_settings, batch)

    async def build_board(self, board: BatchBoard, messages: Messages, *, has_own_thread: bool) -> ui.LayoutView:
        """Build the board of a batch."""
        batch = board.batch
        counts = await self.store.count_items(batch.id)
        decisions = await self.store.count_decisions(batch.id)
        ends_at = None
        if batch.state is BatchState.RUNNING:
            times = await self.store.list_result_times(batch.id)
            ends_at = estimate_end(times, counts.open_count, self.clock())
        facts = BoardFacts(counts, decisions, ends_at, has_own_thread)
        return build_board_view(batch, facts, messages, compute_component_id(build_board_nonce(board)))

    async def build_sheet(self, client: discord.Client, sheet: BatchSheet, messages: Messages) -> MessagePayload | None:
        """Build a sheet with its contact sheet; None if none of its items began, so that there is nothing to see."""
        items = await self.store.list_sheet_items(sheet.batch_id, sheet.number)
        if not items or (sheet.message_id is None and all(item.state in _UNSTARTED_STATES for item in items)):
            return None
        generated = [item.job_id for item in items if item.state is ItemState.GENERATED]
        records = await self.job_history.find_jobs(generated)
        shown = [job_id for job_id in generated if not (job_id in records and records[job_id].is_deleted)]
        thumbnails = await self.thumbnails.load_thumbnails(client, shown)
        cells = build_cells(items, [thumbnails.get(item.job_id) for item in items], messages)
        drawn = await asyncio.to_thread(draw_contact_sheet, cells, min(SHEET_COLUMNS, len(cells)))
        for index in drawn.unreadable_indexes:
            log.warning("job %s: its thumbnail is corrupt; delete its row to have it made again", items[index].job_id)
        component_id = compute_component_id(build_sheet_nonce(sheet))
        return MessagePayload(
            view=build_sheet_view(sheet.batch_id, sheet.number, items, messages, component_id),
            files=[discord.File(io.BytesIO(drawn.jpeg), filename=SHEET_FILENAME)],
        )

    async def build_ping(self, batch: Batch, board_channel_id: int, messages: Messages) -> ui.LayoutView:
        """Build the message that tells the requester that everything is made, and leads to the board."""
        place = batch.place
        link = MessageRef(board_channel_id, place.board_message_id).build_link(place.guild_id)
        text = messages.text(
            "batch_board.ping",
            user=f"<@{batch.requester.id}>",
            items=format_items(await self.store.count_items(batch.id), messages),
            link=f"[{messages.text('batch_board.look')}]({link})",
        )
        return build_container_view(ui.TextDisplay(text), component_id=compute_component_id(build_ping_nonce(batch)))


def build_board_nonce(board: BatchBoard) -> str:
    """Derive the nonce of a board; one that is sent anew has another one."""
    return derive_nonce(f"{board.batch.id}/board/{board.attempt}")


def build_sheet_nonce(sheet: BatchSheet) -> str:
    """Derive the nonce of a sheet; one that is sent anew has another one."""
    return derive_nonce(f"{sheet.batch_id}/sheet {sheet.number}/{sheet.attempt}")


def build_ping_nonce(batch: Batch) -> str:
    """Derive the nonce of the message that tells the requester that everything is made."""
    return derive_nonce(f"{batch.id}/ping/0")
