"""The notices that wait to be posted, and those that were: an outbox.

A notice is added by the transaction that stores what it tells of, so that neither is there without the other.
"""

import json
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Row, bindparam, delete, func, select, update

from bot.domain.notices import Notice, NoticeKind
from bot.storage.session import Database
from bot.storage.tables import notices
from bot.storage.upsert import build_insert_unless_exists
from shared.unreadable import UnreadableRowLog

MAX_WAITING_PER_CHANNEL: Final = 10
NO_DATA: Final = "{}"
_KINDS: Final[BindParameter[Any]] = bindparam("kinds", expanding=True)
_RANK_IN_CHANNEL: Final = func.row_number().over(partition_by=notices.c.channel_id, order_by=notices.c.id)
_WAITING: Final = (
    select(notices, _RANK_IN_CHANNEL.label("rank_in_channel"))
    .where(notices.c.closed_at.is_(None), notices.c.kind.in_(_KINDS))
    .subquery()
)
_SELECT_WAITING: Final = (
    select(_WAITING).where(_WAITING.c.rank_in_channel <= MAX_WAITING_PER_CHANNEL).order_by(_WAITING.c.id)
)
_unreadable_rows: Final = UnreadableRowLog(logging.getLogger(__name__))


def add_notice(
    connection: Connection,
    unique_key: str,
    guild_id: int,
    channel_id: int,
    kind: NoticeKind,
    data: Mapping[str, Any],
    at: float,
    *,
    closed_at: float | None = None,
) -> bool:
    """Add a notice to be posted in a channel; False if there is, or was, one with the same `unique_key`.

    With `closed_at` it is not posted: it was told in another way, once.
    """
    row = {
        "unique_key": unique_key,
        "guild_id": guild_id,
        "channel_id": channel_id,
        "kind": kind,
        "data": json.dumps(data),
        "created_at": at,
        "closed_at": closed_at,
    }
    return connection.execute(build_insert_unless_exists(connection, notices, row)).one_or_none() is not None


@dataclass(frozen=True)
class SqlNoticeStore:
    """The stored notices. Every method raises `DATABASE_ERRORS`. `clock` gives Unix seconds."""

    database: Database
    clock: Callable[[], float] = time.time

    async def list_waiting(self, kinds: Collection[str]) -> Sequence[Notice]:
        """List the notices of these kinds that wait, oldest first, at most `MAX_WAITING_PER_CHANNEL` of a channel."""
        values = {_KINDS.key: list(kinds)}
        rows = await self.database.run_transaction(lambda connection: connection.execute(_SELECT_WAITING, values).all())
        return [_parse_notice(row) for row in rows]

    async def close_notice(self, notice: Notice, message_id: int | None) -> None:
        """Record that a notice was posted, or, without a message, that it cannot be; its data is deleted."""
        changes = {"closed_at": self.clock(), "message_id": message_id, "data": NO_DATA}
        statement = update(notices).where(notices.c.id == notice.id).values(changes)
        await self.database.run_transaction(lambda connection: connection.execute(statement))

    async def delete_closed(self, before: float) -> int:
        """Delete notices closed before a time, and return their number."""
        statement = delete(notices).where(notices.c.closed_at < before)
        return await self.database.run_transaction(lambda connection: connection.execute(statement).rowcount)


def _parse_notice(row: Row[Any]) -> Notice:
    try:
        data = dict(json.loads(row.data))
    except (ValueError, TypeError) as error:
        _unreadable_rows.report(f"notice {row.id}", error)
        data = {}
    return Notice(row.id, row.guild_id, row.channel_id, row.kind, data, row.created_at)
