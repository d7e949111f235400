"""Reading batches, their items and pictures."""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, select

from bot.domain.batches import (
    FINAL_STATES,
    SHEET_SIZE,
    Batch,
    BatchCounts,
    BatchItem,
    BatchState,
    ItemState,
    Review,
    get_sheet_number,
)
from bot.storage.batch_items import find_item
from bot.storage.batch_rows import count_items, parse_batch, parse_item
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import batch_images, batch_items, batch_results, batches

T = TypeVar("T")


class SqlBatchReader:
    """Reads batches. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds.

    Rows that another release wrote differently are left out.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def find_batch(self, batch_id: str) -> Batch | None:
        """Find a batch; None if it is unknown."""
        return await self._find_batch(batches.c.id == batch_id)

    async def find_batch_in_thread(self, thread_id: int) -> Batch | None:
        """Find the newest batch whose sheets are in a thread."""
        return await self._find_batch(batches.c.thread_id == thread_id)

    async def find_batch_by_key(self, idempotency_key: str) -> Batch | None:
        """Find the batch from the command line that has this key."""
        return await self._find_batch(batches.c.idempotency_key == idempotency_key)

    async def list_batches(
        self, guild_id: int, limit: int, *, is_open: bool | None = None, requester_id: int | None = None
    ) -> Sequence[Batch]:
        """List the batches of a guild, newest first, without drafts: all, or those that are open or have ended."""
        query = select(batches).where(batches.c.guild_id == guild_id, batches.c.state != BatchState.DRAFT)
        if is_open is not None:
            has_ended = batches.c.state.in_(FINAL_STATES)
            query = query.where(~has_ended if is_open else has_ended)
        if requester_id is not None:
            query = query.where(batches.c.requester_id == requester_id)
        return await self._list_batches(query.order_by(batches.c.created_at.desc(), batches.c.id.desc()).limit(limit))

    async def list_items(
        self,
        batch_id: str,
        *,
        first: int = 1,
        limit: int = 500,
        states: Collection[ItemState] | None = None,
        review: Review | None = None,
    ) -> Sequence[BatchItem]:
        """List items in their order, from number `first` on: all, or those in these states, or with this review."""
        query = select(batch_items).where(batch_items.c.batch_id == batch_id, batch_items.c.number >= first)
        if states is not None:
            query = query.where(batch_items.c.state.in_(states))
        if review is not None:
            query = query.where(batch_items.c.review == review)
        rows = await self._read(query.order_by(batch_items.c.number).limit(limit))
        return [item for row in rows if (item := parse_item(row))]

    async def list_sheet_items(self, batch_id: str, sheet: int) -> Sequence[BatchItem]:
        """List the items that a sheet shows, in their order."""
        listed = await self.list_items(batch_id, first=SHEET_SIZE * (sheet - 1) + 1, limit=SHEET_SIZE)
        return [item for item in listed if get_sheet_number(item.number) == sheet]

    async def find_item(self, batch_id: str, number: int) -> BatchItem | None:
        """Find an item by its number."""
        return await self._transact(lambda connection: find_item(connection, batch_id, number))

    async def find_item_of_job(self, job_id: str) -> tuple[str, BatchItem] | None:
        """Find the item whose latest attempt is this job, and the id of its batch."""
        rows = await self._read(select(batch_items).where(batch_items.c.job_id == job_id))
        item = parse_item(rows[0]) if rows else None
        return None if item is None else (rows[0].batch_id, item)

    async def count_items(self, batch_id: str) -> BatchCounts:
        """Count the items of a batch by state and review, and add up their costs."""
        return await self._transact(lambda connection: count_items(connection, batch_id))

    async def load_image(self, batch_id: str, sha256: str) -> bytes | None:
        """Load a picture that items start from, as it was sent; None if it is no longer stored."""
        return await self._load_bytes(
            select(batch_images.c.image).where(batch_images.c.batch_id == batch_id, batch_images.c.sha256 == sha256)
        )

    async def load_result(self, job_id: str) -> bytes | None:
        """Load the picture that a job of a batch made; None if it is not, or no longer, stored."""
        return await self._load_bytes(select(batch_results.c.image).where(batch_results.c.job_id == job_id))

    async def _find_batch(self, condition: ColumnElement[bool]) -> Batch | None:
        rows = await self._read(select(batches).where(condition).order_by(batches.c.created_at.desc()).limit(1))
        return parse_batch(rows[0]) if rows else None

    async def _list_batches(self, query: Any) -> Sequence[Batch]:
        return [batch for row in await self._read(query) if (batch := parse_batch(row))]

    async def _load_bytes(self, query: Any) -> bytes | None:
        rows = await self._read(query)
        return rows[0][0] if rows else None

    async def _read(self, query: Any) -> Sequence[Row[Any]]:
        return await self._transact(lambda connection: connection.execute(query).all())

    async def _change(self, query: Any) -> bool:
        """Execute an update or a deletion; False if it concerned no row."""
        result = await self._transact(lambda connection: connection.execute(query))
        return bool(result.rowcount)

    async def _transact(self, work: Callable[[Connection], T]) -> T:
        with translate_database_errors():
            return await self._database.run_transaction(work)
