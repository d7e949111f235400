"""The messages of batches: which boards and sheets are to be drawn, and which messages they are."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, func, select, union, update

from bot.domain.batches import BatchBoard, BatchSheet, BatchState, Review
from bot.storage.batch_items import enter_state
from bot.storage.batch_notices import add_decision_notice
from bot.storage.batch_reader import SqlBatchReader
from bot.storage.batch_rows import lock_batch, parse_batch, parse_sheet
from bot.storage.tables import batch_items, batch_results, batch_sheets, batches
from bot.storage.tables.batches import IS_UNDRAWN

PACE_RESULTS: Final = 20
_UNDRAWN_IDS: Final = union(select(batches.c.id).where(IS_UNDRAWN), select(batch_sheets.c.batch_id).where(IS_UNDRAWN))
_COUNT: Final = func.count().label("item_count")


class SqlBatchDrawings(SqlBatchReader):
    """The messages of batches. Every method raises `RejectedError` (database_unavailable).

    A message is recorded by compare-and-set with its attempt, and never raises the version that it shows.
    """

    async def list_undrawn_boards(self, limit: int) -> Sequence[BatchBoard]:
        """List the batches that have started, and whose board or a sheet of which is to be drawn, oldest first."""
        query = select(batches).where(batches.c.id.in_(_UNDRAWN_IDS), batches.c.started_at.is_not(None))
        rows = await self._read(query.order_by(batches.c.created_at, batches.c.id).limit(limit))
        return [
            BatchBoard(batch, row.drawn_version, row.board_attempt, row.ping_message_id)
            for row in rows
            if (batch := parse_batch(row))
        ]

    async def list_sheets(self, batch_id: str) -> Sequence[BatchSheet]:
        """List the sheets of a batch, in their order."""
        query = select(batch_sheets).where(batch_sheets.c.batch_id == batch_id).order_by(batch_sheets.c.number)
        return [parse_sheet(row) for row in await self._read(query)]

    async def count_decisions(self, batch_id: str) -> Sequence[tuple[int, int]]:
        """Count on how many pictures each reviewer decided, the busiest first; 0 stands for those who are forgotten."""
        query = (
            select(batch_items.c.reviewer_id, _COUNT)
            .where(batch_items.c.batch_id == batch_id, batch_items.c.review != Review.UNDECIDED)
            .where(batch_items.c.reviewer_id.is_not(None))  # a deleted picture counts as rejected, by nobody
            .group_by(batch_items.c.reviewer_id)
            .order_by(_COUNT.desc(), batch_items.c.reviewer_id)
        )
        return [(row.reviewer_id, row.item_count) for row in await self._read(query)]

    async def list_result_times(self, batch_id: str) -> Sequence[float]:
        """List when the latest 20 pictures were stored, the newest first, in Unix seconds."""
        query = (
            select(batch_results.c.stored_at)
            .where(batch_results.c.batch_id == batch_id)
            .order_by(batch_results.c.stored_at.desc())
            .limit(PACE_RESULTS)
        )
        return [row.stored_at for row in await self._read(query)]

    async def record_board(self, board: BatchBoard, message_id: int, thread_id: int | None) -> bool:
        """Record the message of a board, and the thread if it is in it; False if another bot did that."""
        query = update(batches).where(
            batches.c.id == board.batch.id,
            batches.c.board_attempt == board.attempt,
            batches.c.board_message_id.is_(None),
        )
        values: dict[str, Any] = {"board_message_id": message_id}
        if thread_id is not None:
            values["thread_id"] = func.coalesce(batches.c.thread_id, thread_id)
        return await self._change(query.values(values))

    async def record_thread(self, batch_id: str, thread_id: int) -> bool:
        """Record the thread of a batch, to which its board then links; False if it has one."""
        query = update(batches).where(batches.c.id == batch_id, batches.c.thread_id.is_(None))
        return await self._change(query.values(thread_id=thread_id, version=batches.c.version + 1))

    async def reopen_board(self, board: BatchBoard) -> bool:
        """Let a board that was deleted be sent anew; False if that is under way already."""
        query = update(batches).where(batches.c.id == board.batch.id, batches.c.board_attempt == board.attempt)
        values = {"board_message_id": None, "board_attempt": board.attempt + 1, "version": batches.c.version + 1}
        return await self._change(query.values(values))

    async def mark_board_drawn(self, board: BatchBoard) -> None:
        """Record that a board shows the batch as it was read, or cannot be drawn."""
        version = board.batch.version
        query = update(batches).where(batches.c.id == board.batch.id, batches.c.drawn_version < version)
        await self._change(query.values(drawn_version=version))

    async def record_ping(self, batch_id: str, message_id: int) -> None:
        """Record the message that told the requester that everything is made; 0 for one that cannot be sent."""
        query = update(batches).where(batches.c.id == batch_id, batches.c.ping_message_id.is_(None))
        await self._change(query.values(ping_message_id=message_id))

    async def record_sheet(self, sheet: BatchSheet, message_id: int | None) -> bool:
        """Record the message that shows a sheet as it was read, None if none has to."""
        query = update(batch_sheets).where(*_is_sheet(sheet), batch_sheets.c.attempt == sheet.attempt)
        return await self._change(query.values(message_id=message_id, drawn_version=sheet.version))

    async def reopen_sheet(self, sheet: BatchSheet) -> bool:
        """Let a sheet that was deleted be sent anew; False if that is under way already."""
        query = update(batch_sheets).where(*_is_sheet(sheet), batch_sheets.c.attempt == sheet.attempt)
        values = {"message_id": None, "attempt": sheet.attempt + 1, "version": batch_sheets.c.version + 1}
        return await self._change(query.values(values))

    async def move_sheets(self, batch_id: str, channel_id: int) -> None:
        """Let the sheets of a batch, whose thread is gone, be sent anew in a channel."""
        move = update(batches).where(batches.c.id == batch_id)
        reopen = update(batch_sheets).where(batch_sheets.c.batch_id == batch_id, batch_sheets.c.message_id.is_not(None))
        values = {"message_id": None, "attempt": batch_sheets.c.attempt + 1, "version": batch_sheets.c.version + 1}

        def change(connection: Connection) -> None:
            connection.execute(move.values(thread_id=channel_id, version=batches.c.version + 1))
            connection.execute(reopen.values(values))

        await self._transact(change)

    async def pause_unseen(self, batch_id: str) -> bool:
        """Pause a batch whose channel is gone, so that nobody pays for pictures that nobody sees; tell its requester.

        False unless it was running.
        """

        def pause(connection: Connection) -> bool:
            now = self._clock()
            batch = lock_batch(connection, batch_id)
            if batch.state is not BatchState.RUNNING:
                return False
            add_decision_notice(connection, enter_state(connection, batch, BatchState.PAUSED, now), now)
            return True

        return await self._transact(pause)


def _is_sheet(sheet: BatchSheet) -> tuple[Any, ...]:
    return batch_sheets.c.batch_id == sheet.batch_id, batch_sheets.c.number == sheet.number
