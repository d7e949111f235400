"""Batches in the database.

A change locks the row of its batch and reads its state anew, so each happens once, whoever asks for it.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, delete, func, select, update

from bot.domain.batches import (
    FINAL_STATES,
    RUN_STATES,
    Batch,
    BatchItem,
    BatchState,
    ItemState,
    Review,
)
from bot.storage.batch_approvals import SqlBatchApprovals
from bot.storage.batch_drafts import SqlBatchDrafts
from bot.storage.batch_drawings import SqlBatchDrawings
from bot.storage.batch_items import (
    cancel_pending_items,
    end_lost_items,
    end_unstarted_items,
    enter_state,
    find_item,
    follow_items,
    save_items,
)
from bot.storage.batch_retention import delete_pictures, select_expired_batches
from bot.storage.batch_rows import count_items, lock_batch, lock_batch_in, parse_item
from bot.storage.due_times import compute_rest
from bot.storage.session import translate_database_errors
from bot.storage.tables import batch_items, batches
from shared.problems import RejectedError, make_problem

_UNCANCELLABLE_STATES: Final = frozenset({*FINAL_STATES, BatchState.REVIEW})
_REVIEWABLE_STATES: Final = frozenset({*RUN_STATES, BatchState.REVIEW, BatchState.DONE})


class SqlBatchStore(SqlBatchDrafts, SqlBatchApprovals, SqlBatchDrawings):
    """Stored batches. Every method raises `RejectedError` (database_unavailable), and batch_unknown if it changes one.

    `clock` gives Unix seconds; `rng` draws the ids of later attempts.
    """

    async def pause(self, batch_id: str) -> Batch:
        """Start no more items of a batch; those that are open go on. Raises `RejectedError` (batch_not_running)."""
        return await self._change_state(batch_id, {BatchState.RUNNING}, BatchState.PAUSED, "batch_not_running")

    async def resume(self, batch_id: str) -> Batch:
        """Start items again. Raises `RejectedError` (batch_not_paused)."""
        return await self._change_state(batch_id, {BatchState.PAUSED}, BatchState.RUNNING, "batch_not_paused")

    async def cancel_rest(self, batch_id: str) -> Batch:
        """Cancel the items that have not been started; the leading bot cancels those that wait in the queue.

        A batch that has not been started is cancelled as a whole. Raises `RejectedError` (batch_over).
        """
        return await self._transact(lambda connection: _cancel_rest(connection, batch_id, self._clock()))

    async def cancel_member_batches(self, guild_id: int, user_id: int) -> int:
        """Cancel the rest of all batches of a member in a guild; return how many items had not been started."""
        of_member = (batches.c.guild_id == guild_id) & (batches.c.requester_id == user_id)
        query = select(batches.c.id).where(of_member, batches.c.state.not_in(_UNCANCELLABLE_STATES))

        def cancel(connection: Connection) -> int:
            pending = 0
            for batch_id in connection.execute(query.order_by(batches.c.id)).scalars().all():
                pending += count_items(connection, batch_id).by_state.get(ItemState.PENDING, 0)
                _cancel_rest(connection, batch_id, self._clock())
            return pending

        return await self._transact(cancel)

    async def review_items(
        self, batch_id: str, numbers: Collection[int], review: Review, reviewer_id: int, note: str = ""
    ) -> Batch:
        """Record a decision on the pictures of items; the batch is done once all are decided.

        Raises `RejectedError` (batch_not_running, batch_item_unknown, batch_item_open, batch_item_without_picture);
        no item is changed then.
        """

        def decide(connection: Connection) -> Batch:
            batch = lock_batch_in(connection, batch_id, _REVIEWABLE_STATES, "batch_not_running")
            items = [_require_picture(find_item(connection, batch_id, number)) for number in sorted(set(numbers))]
            decided = [replace(item, review=review, reviewer_id=reviewer_id, review_note=note) for item in items]
            save_items(connection, batch_id, decided)
            return follow_items(connection, batch, self._clock())

        return await self._transact(decide)

    async def list_due_batches(self, limit: int) -> Sequence[Batch]:
        """List batches for which the leading bot has something to do, those that have waited longest first."""
        query = select(batches).where(batches.c.due_at <= self._clock()).order_by(batches.c.due_at).limit(limit)
        return await self._list_batches(query)

    async def compute_rest(self) -> float:
        """Compute for how many seconds no batch is due; infinity if none ever is."""
        return await compute_rest(self._database, batches.c.due_at, self._clock)

    async def take_pending_items(self, batch_id: str, limit: int) -> Sequence[BatchItem]:
        """List the first items that are to be started, as many as may be if at most `limit` are open at once.

        Those that another release wrote differently fail.
        """
        of_batch = batch_items.c.batch_id == batch_id
        count_open = select(func.count()).where(of_batch, batch_items.c.state == ItemState.QUEUED)
        select_pending = select(batch_items).where(of_batch, batch_items.c.state == ItemState.PENDING)

        def take(connection: Connection) -> list[BatchItem]:
            free = max(limit - int(connection.execute(count_open).scalar_one()), 0)
            rows = connection.execute(select_pending.order_by(batch_items.c.number).limit(free)).all()
            items = {row.number: parse_item(row) for row in rows}
            unreadable = [row for row in rows if items[row.number] is None]
            if unreadable:
                batch, now = lock_batch(connection, batch_id), self._clock()
                failure = make_problem("unreadable")
                end_unstarted_items(connection, batch_id, unreadable, now, state=ItemState.FAILED, problem=failure)
                follow_items(connection, batch, now)
            return [item for item in items.values() if item is not None]

        return await self._transact(take)

    async def end_lost_items(self, batch_id: str) -> None:
        """End the items whose jobs ended without them."""

        def end(connection: Connection) -> None:
            end_lost_items(connection, lock_batch(connection, batch_id), self._clock())

        await self._transact(end)

    async def postpone(self, batch: Batch, due_at: float | None) -> bool:
        """Let the leading bot look at a batch at another time; False if it has changed meanwhile."""
        query = update(batches).where(batches.c.id == batch.id, batches.c.version == batch.version)
        return await self._change(query.values(due_at=due_at))

    async def end_waiting(self, batch_id: str) -> Batch | None:
        """Do what is due for a batch that has waited too long for a person; None if nothing is due, or it is deleted.

        A draft is deleted, an approval expires, a pause cancels the rest, and a review ends with what was decided.
        """

        def end(connection: Connection) -> Batch | None:
            now = self._clock()
            batch = lock_batch(connection, batch_id)
            if batch.due_at is None or batch.due_at > now:
                return None
            match batch.state:
                case BatchState.DRAFT:
                    connection.execute(delete(batches).where(batches.c.id == batch_id))
                    return None
                case BatchState.AWAITING_APPROVAL | BatchState.CHANGES_REQUESTED:
                    return enter_state(connection, batch, BatchState.EXPIRED, now)
                case BatchState.PAUSED:
                    cancel_pending_items(connection, batch_id, now)
                    return follow_items(connection, replace(batch, state=BatchState.CANCELLING), now)
                case BatchState.REVIEW:
                    return enter_state(connection, batch, BatchState.DONE, now)
            return None

        return await self._transact(end)

    async def delete_expired_pictures(self, days: float) -> int:
        """Delete the pictures of batches that ended so many days ago, or as many as their guild keeps any."""
        with translate_database_errors():
            return await delete_pictures(self._database, select_expired_batches(days, self._clock()))

    async def _change_state(
        self, batch_id: str, states: Collection[BatchState], new_state: BatchState, code: str
    ) -> Batch:
        def change(connection: Connection) -> Batch:
            batch = lock_batch_in(connection, batch_id, states, code)
            return enter_state(connection, batch, new_state, self._clock())

        return await self._transact(change)


def _cancel_rest(connection: Connection, batch_id: str, now: float) -> Batch:
    """Cancel the items of a batch that have not been started. Raises `RejectedError` (batch_over)."""
    batch = lock_batch(connection, batch_id)
    if batch.state in _UNCANCELLABLE_STATES:
        raise RejectedError(make_problem("batch_over"))
    cancel_pending_items(connection, batch_id, now)
    if batch.state not in RUN_STATES:
        return enter_state(connection, batch, BatchState.CANCELLED, now)
    return follow_items(connection, replace(batch, state=BatchState.CANCELLING), now)


def _require_picture(item: BatchItem | None) -> BatchItem:
    """Return an item that has a picture.

    Raises `RejectedError` (batch_item_unknown, batch_item_open, batch_item_without_picture).
    """
    if item is None:
        raise RejectedError(make_problem("batch_item_unknown"))
    match item.state:
        case ItemState.GENERATED:
            return item
        case ItemState.PENDING | ItemState.QUEUED:
            raise RejectedError(make_problem("batch_item_open"))
        case _:
            raise RejectedError(make_problem("batch_item_without_picture"))
