"""Draws the board and the sheets of batches whenever they have changed, each of them in one message.

Which messages these are, and the version that each shows, is stored. So another bot goes on where this one ends, and
a message that was posted but not recorded is found again by the id of its container.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import discord

from bot.batches.message_builder import (
    BatchMessageBuilder,
    build_board_nonce,
    build_ping_nonce,
    build_sheet_nonce,
)
from bot.batches.places import BatchPlaces
from bot.change_signal import ChangeSignal
from bot.delivery.discord_errors import FORBIDDEN_CODES, GONE_CODES, REFUSED_CODES, is_transient
from bot.delivery.result_message import MessagePayload
from bot.delivery.retrying_sender import RetryingSender, may_send_later
from bot.domain.batches import Batch, BatchBoard, BatchSheet
from bot.periodic import choose_rest, run_on_changes
from bot.rendering.markdown import THREAD_NAME_LIMIT, flatten_text, truncate_text
from bot.storage.batches import SqlBatchStore
from shared.i18n.messages import Messages
from shared.outage_log import OutageLog

log = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 0.5
DRAWING_SECONDS: Final = 2.0
"""The messages of a batch are edited at most this often: Discord allows about one edit a second in a channel."""
SHEETS_PER_PASS: Final = 2
MAX_UNDRAWN: Final = 200


class BatchDrawer:
    """Draws messages that do not show their latest version. `clock` gives Unix seconds."""

    def __init__(
        self,
        client: discord.Client,
        store: SqlBatchStore,
        builder: BatchMessageBuilder,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._store = store
        self._builder = builder
        self._clock = clock
        self._places = BatchPlaces(client, clock=clock)
        self._drawing_times: dict[str, float] = {}
        self._drawn_versions: dict[str, int] = {}
        self._sender: RetryingSender[str, BatchBoard] = RetryingSender(
            self._draw_batch,
            outage=OutageLog(log, "messages of batches are drawn"),
            subject="messages of batch",
            may_pass=may_send_later,
            clock=clock,
        )

    async def run(self, changes: ChangeSignal) -> None:
        """Draw messages until cancelled, as soon as the client knows its servers."""
        await self._client.wait_until_ready()
        self._places.restart()
        await run_on_changes(INTERVAL_SECONDS, self.draw_due, changes, "drawing the messages of batches")

    async def draw_due(self) -> float:
        """Draw the messages of the batches that have changed, several at once; return how many seconds to rest.

        Raises `RejectedError`.
        """
        boards = await self._store.list_undrawn_boards(MAX_UNDRAWN)
        now = self._clock()
        self._drawing_times = {batch_id: at for batch_id, at in self._drawing_times.items() if at > now}
        due = [board for board in boards if board.batch.id not in self._drawing_times]
        await self._sender.send_messages(due, lambda board: board.batch.id)
        return choose_rest(boards)

    async def _draw_batch(self, boards: Sequence[BatchBoard]) -> None:
        """Draw the board, a few sheets, and at the end the ping of one batch."""
        (board,) = boards
        batch = board.batch
        self._drawing_times[batch.id] = self._clock() + DRAWING_SECONDS
        messages = await self._builder.load_messages(batch)
        try:
            await self._places.load_guild(batch.place)
            if batch.place.board_message_id is None:
                await self._post_board(board, messages)
                return
            if batch.place.thread_id is None:
                await self._open_thread(batch, messages)
                return
            if not board.is_drawn and self._drawn_versions.get(batch.id) != batch.version:
                await self._edit_board(board, messages)
            if await self._draw_sheets(batch, batch.place.thread_id, messages):
                return
            if board.awaits_ping:
                await self._send_ping(batch, batch.place.thread_id, messages)
            await self._store.mark_board_drawn(board)
            self._drawn_versions.pop(batch.id, None)
        except discord.HTTPException as error:
            if error.code in GONE_CODES:
                await self._leave_place(board, error)
                return
            if error.code in FORBIDDEN_CODES:
                await self._pause_unseen(batch)
            if error.code in REFUSED_CODES and not is_transient(error):
                log.exception("batch %s: its messages cannot be drawn as it is now", batch.id)
                await self._store.mark_board_drawn(board)
                return
            raise

    async def _post_board(self, board: BatchBoard, messages: Messages) -> None:
        """Post the board, unless that was done before, and record it."""
        batch = board.batch
        view = await self._build_board(board, messages)
        nonce, name = build_board_nonce(board), _format_thread_name(batch, messages)
        posted = await self._places.post_board(batch, name, view, nonce, _get_start(batch))
        if posted is None:
            await self._store.reopen_board(board)
            return
        await self._store.record_board(board, posted.message_id, posted.thread_id)
        self._places.mark_recorded(nonce)
        thread_id = batch.place.thread_id or posted.thread_id
        if thread_id is None:
            place = replace(batch.place, board_message_id=posted.message_id)
            await self._open_thread(replace(batch, place=place), messages)

    async def _open_thread(self, batch: Batch, messages: Messages) -> None:
        thread_id = await self._places.open_thread(batch, _format_thread_name(batch, messages))
        await self._store.record_thread(batch.id, thread_id)

    async def _edit_board(self, board: BatchBoard, messages: Messages) -> None:
        batch = board.batch
        view = await self._build_board(board, messages)
        channel_id = self._places.get_board_channel(batch.place)
        if await self._places.edit(batch.place, channel_id, batch.place.board_message_id or 0, view):
            self._drawn_versions[batch.id] = batch.version
        else:
            await self._store.reopen_board(board)

    async def _build_board(self, board: BatchBoard, messages: Messages) -> discord.ui.LayoutView:
        has_own_thread = not self._places.is_in_forum(board.batch.place)
        return await self._builder.build_board(board, messages, has_own_thread=has_own_thread)

    async def _draw_sheets(self, batch: Batch, thread_id: int, messages: Messages) -> bool:
        """Draw a few of the sheets that have changed; return whether others are left."""
        sheets = list_sheets_to_draw(await self._store.list_sheets(batch.id))
        for sheet in sheets[:SHEETS_PER_PASS]:
            await self._draw_sheet(batch, thread_id, sheet, messages)
        return len(sheets) > SHEETS_PER_PASS

    async def _draw_sheet(self, batch: Batch, thread_id: int, sheet: BatchSheet, messages: Messages) -> None:
        payload = await self._builder.build_sheet(self._client, sheet, messages)
        if payload is None:
            await self._store.record_sheet(sheet, None)
            return
        nonce, message_id = build_sheet_nonce(sheet), sheet.message_id
        if message_id is None:
            message_id = await self._places.post(batch, thread_id, payload, nonce, _get_start(batch))
        elif not await self._places.edit(batch.place, thread_id, message_id, payload["view"], payload.get("files", ())):
            message_id = None
        if message_id is None:
            await self._store.reopen_sheet(sheet)
            return
        await self._store.record_sheet(sheet, message_id)
        self._places.mark_recorded(nonce)

    async def _send_ping(self, batch: Batch, thread_id: int, messages: Messages) -> None:
        """Tell the requester once that everything is made, in the thread."""
        nonce = build_ping_nonce(batch)
        channel_id = self._places.get_board_channel(batch.place)
        view = await self._builder.build_ping(batch, channel_id, messages)
        requester_id = batch.requester.id
        message_id = await self._places.post(
            batch, thread_id, MessagePayload(view=view), nonce, _get_start(batch), pinged_id=requester_id
        )
        await self._store.record_ping(batch.id, message_id or 0)
        self._places.mark_recorded(nonce)

    async def _leave_place(self, board: BatchBoard, error: discord.HTTPException) -> None:
        """Go on without a thread that is gone: its sheets move to the channel. Without the channel, a batch pauses."""
        batch = board.batch
        place = batch.place
        log.warning("batch %s: its channel or thread is gone (%s)", batch.id, error)
        if place.thread_id not in {None, place.channel_id} and self._places.has_channel(place):
            await self._store.move_sheets(batch.id, place.channel_id)
            return
        await self._store.mark_board_drawn(board)
        for sheet in list_sheets_to_draw(await self._store.list_sheets(batch.id)):
            await self._store.record_sheet(sheet, sheet.message_id)
        await self._pause_unseen(batch)

    async def _pause_unseen(self, batch: Batch) -> None:
        if await self._store.pause_unseen(batch.id):
            log.warning("batch %s: paused, as nobody would see its pictures", batch.id)


def list_sheets_to_draw(sheets: Sequence[BatchSheet]) -> list[BatchSheet]:
    """List the sheets that have changed, and those before them that were never drawn, so that they stand in order."""
    changed = [sheet for sheet in sheets if sheet.version > sheet.drawn_version]
    last = max((sheet.number for sheet in changed), default=0)
    return [
        sheet
        for sheet in sheets
        if sheet in changed or (sheet.number < last and sheet.message_id is None and not sheet.drawn_version)
    ]


def _get_start(batch: Batch) -> float:
    """Get the time since which the messages of a batch may have been posted, in Unix seconds."""
    return batch.created_at if batch.started_at is None else batch.started_at


def _format_thread_name(batch: Batch, messages: Messages) -> str:
    title = flatten_text(batch.brief.title) or messages.text("batch_board.untitled")
    return truncate_text(messages.text("batch_board.thread_name", title=title), THREAD_NAME_LIMIT)
