"""Deletions of people's data that they confirmed: a row for each, until the person knows that all is deleted."""

import asyncio
import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Row, delete, select, update

from bot.domain.notices import DIRECT_MESSAGE, NoticeKind
from bot.storage.notices import add_notice
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import data_deletions
from bot.storage.upsert import build_upsert


@dataclass(frozen=True)
class DataDeletion:
    """A deletion, with the numbers of rows by kind that are deleted so far."""

    user_id: int
    counts: Counter[str]
    is_finished: bool


@dataclass(frozen=True)
class SqlDataDeletions:
    """The stored deletions. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds.

    `added` is set when this process has added one, and at first: there may be some from before a restart.
    """

    database: Database
    clock: Callable[[], float] = time.time
    added: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.added.set()

    async def add_deletion(self, user_id: int, guild_id: int, locale: str) -> None:
        """Add the deletion of a person's data; one that has not ended goes on. `locale` is that of its last message."""
        row = {
            "user_id": user_id,
            "guild_id": guild_id,
            "locale": locale,
            "requested_at": self.clock(),
            "counts": "{}",
            "finished_at": None,
        }
        has_ended = (data_deletions.c.user_id == user_id) & data_deletions.c.finished_at.is_not(None)

        def add(connection: Connection) -> None:
            connection.execute(delete(data_deletions).where(has_ended))
            unchanged = ("requested_at", "counts", "finished_at")
            connection.execute(
                build_upsert(connection, data_deletions, row, conflict_columns=["user_id"], unchanged_columns=unchanged)
            )

        with translate_database_errors():
            await self.database.run_transaction(add)
        self.added.set()

    async def find_deletion(self, user_id: int) -> DataDeletion | None:
        """Find a person's deletion; None if there is none, or the person knows that it has ended."""
        query = select(data_deletions).where(data_deletions.c.user_id == user_id)
        with translate_database_errors():
            row = await self.database.run_transaction(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else _parse_deletion(row)

    async def list_unfinished(self) -> Sequence[int]:
        """List the people whose data is not deleted yet, those who asked first at the beginning."""
        query = select(data_deletions.c.user_id).where(data_deletions.c.finished_at.is_(None))
        ordered = query.order_by(data_deletions.c.requested_at)
        with translate_database_errors():
            return await self.database.run_transaction(lambda connection: connection.execute(ordered).scalars().all())

    async def finish_deletion(self, user_id: int, counts: Counter[str]) -> None:
        """Record that all is deleted, and add the last numbers."""

        def finish(connection: Connection) -> None:
            record_deleted_rows(connection, user_id, counts)
            ended = update(data_deletions).where(data_deletions.c.user_id == user_id)
            connection.execute(ended.values(finished_at=self.clock()))

        with translate_database_errors():
            await self.database.run_transaction(finish)

    async def close_deletion(self, user_id: int) -> None:
        """Delete the row of a deletion that has ended, as the person was told so."""
        has_ended = (data_deletions.c.user_id == user_id) & data_deletions.c.finished_at.is_not(None)
        with translate_database_errors():
            await self.database.run_transaction(
                lambda connection: connection.execute(delete(data_deletions).where(has_ended))
            )

    async def add_notices(self, finished_before: float) -> int:
        """Have those told by a direct message who were not told otherwise; return how many.

        The notice takes the place of the row, so that it is added once.
        """
        is_untold = data_deletions.c.finished_at < finished_before

        def add(connection: Connection) -> int:
            if connection.execute(select(data_deletions.c.user_id).where(is_untold).limit(1)).one_or_none() is None:
                return 0  # without the lock of a write, and without waking those who wait for one
            rows = connection.execute(delete(data_deletions).where(is_untold).returning(data_deletions)).all()
            for row in rows:
                data = {"user_id": row.user_id, "locale": row.locale, "counts": _parse_deletion(row).counts}
                key = f"data deletion {secrets.token_hex(8)}"  # one that names nobody
                add_notice(connection, key, row.guild_id, DIRECT_MESSAGE, NoticeKind.DATA_DELETION, data, self.clock())
            return len(rows)

        with translate_database_errors():
            return await self.database.run_transaction(add)


def record_deleted_rows(connection: Connection, user_id: int, counts: Counter[str]) -> None:
    """Add to the numbers of a person's deletion, in the transaction that deletes the rows."""
    query = select(data_deletions).where(data_deletions.c.user_id == user_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is not None:
        total = _parse_deletion(row).counts + counts
        changed = update(data_deletions).where(data_deletions.c.user_id == user_id)
        connection.execute(changed.values(counts=json.dumps(total)))


def _parse_deletion(row: Row[tuple[object, ...]]) -> DataDeletion:
    return DataDeletion(row.user_id, Counter(json.loads(row.counts)), row.finished_at is not None)
