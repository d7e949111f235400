"""Messages of contests: added in the transaction of the change that they tell of, sent once by the leading bot."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, insert, select, update

from bot.domain.round_steps import NewMessage
from bot.domain.rounds import MessageKind, RoundMessage
from bot.storage.round_rows import CONTEST_ID, lock_contest, parse_message
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import contests, jobs, round_messages, undelivered_images

_RAISE_SEQUENCE: Final = (
    update(contests)
    .where(contests.c.id == CONTEST_ID)
    .values(last_sequence=contests.c.last_sequence + 1)
    .returning(contests.c.last_sequence)
)
_JOB_ID: Final[BindParameter[str]] = bindparam("target_job_id")
_INSERT_MESSAGE: Final = insert(round_messages)
_RANK_IN_CONTEST: Final = func.row_number().over(
    partition_by=round_messages.c.contest_id, order_by=round_messages.c.sequence
)
_WAITING: Final = (
    select(round_messages, _RANK_IN_CONTEST.label("rank_in_contest"))
    .where(round_messages.c.closed_at.is_(None))
    .subquery()
)
_SELECT_WAITING: Final = select(*(_WAITING.c[column.name] for column in round_messages.columns)).order_by(
    _WAITING.c.contest_id, _WAITING.c.sequence
)


def add_messages(connection: Connection, contest_id: str, messages: Iterable[NewMessage], now: float) -> None:
    """Add messages to be sent after those that there are. The row of the contest must be locked."""
    for message in messages:
        sequence = connection.execute(_RAISE_SEQUENCE, {CONTEST_ID.key: contest_id}).scalar_one()
        row = {"contest_id": contest_id, "sequence": sequence, "created_at": now, "attempt": 0, **vars(message)}
        connection.execute(_INSERT_MESSAGE, row)


class SqlRoundMessageStore:
    """The messages of contests. Every method raises `RejectedError` (database_unavailable).

    `clock` gives Unix seconds.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def list_waiting_messages(self, limit: int) -> Sequence[RoundMessage]:
        """List the first `limit` messages of each contest that wait to be sent, in their order."""
        query = _SELECT_WAITING.where(_WAITING.c.rank_in_contest <= limit)
        with translate_database_errors():
            rows = await self._database.run_transaction(lambda connection: connection.execute(query).all())
        return [parse_message(row) for row in rows]

    async def find_message(
        self, contest_id: str, kind: MessageKind, *, round_number: int | None = None, page: int = 0
    ) -> RoundMessage | None:
        """Find the newest message of a kind, of any round by default."""
        query = (
            select(round_messages)
            .where(round_messages.c.contest_id == contest_id, round_messages.c.kind == kind)
            .where(round_messages.c.page == page)
            .order_by(round_messages.c.sequence.desc())
            .limit(1)
        )
        if round_number is not None:
            query = query.where(round_messages.c.round_number == round_number)
        with translate_database_errors():
            row = await self._database.run_transaction(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else parse_message(row)

    async def add_message_once(self, contest_id: str, message: NewMessage) -> RoundMessage | None:
        """Add a message unless its round has one of its kind; return it, None if it was sent or given up before."""
        query = (
            select(round_messages)
            .where(round_messages.c.contest_id == contest_id, round_messages.c.kind == message.kind)
            .where(round_messages.c.round_number == message.round_number)
        )

        def add(connection: Connection) -> RoundMessage | None:
            lock_contest(connection, contest_id)
            if connection.execute(query).first() is None:
                add_messages(connection, contest_id, [message], self._clock())
            row = connection.execute(query.where(round_messages.c.closed_at.is_(None))).first()
            return None if row is None else parse_message(row)

        with translate_database_errors():
            return await self._database.run_transaction(add)

    async def close_message(self, message: RoundMessage, message_id: int | None) -> None:
        """Record that a message was sent, or, with None, that it never will be."""
        await self._update(message, closed_at=self._clock(), message_id=message_id)

    async def reopen_message(self, message: RoundMessage) -> bool:
        """Let a message that was deleted be sent anew; False if that is under way already."""
        return await self._update(message, closed_at=None, message_id=None, attempt=message.attempt + 1)

    async def close_messages(self, contest_id: str) -> None:
        """Give up all messages of a contest that wait, except the one that tells its host that the channel is gone."""
        query = update(round_messages).where(
            round_messages.c.contest_id == contest_id,
            round_messages.c.closed_at.is_(None),
            round_messages.c.kind != MessageKind.CHANNEL_GONE,
        )
        with translate_database_errors():
            await self._database.run_transaction(
                lambda connection: connection.execute(query.values(closed_at=self._clock()))
            )

    async def list_sent_messages(self, contest_id: str, round_number: int) -> Sequence[RoundMessage]:
        """List the messages of a round that were sent, in their order."""
        query = (
            select(round_messages)
            .where(round_messages.c.contest_id == contest_id, round_messages.c.round_number == round_number)
            .where(round_messages.c.message_id.is_not(None))
            .order_by(round_messages.c.sequence)
        )
        with translate_database_errors():
            rows = await self._database.run_transaction(lambda connection: connection.execute(query).all())
        return [parse_message(row) for row in rows]

    async def publish_entries(self, channel_id: int, places: Mapping[str, int], kept_ids: Collection[str]) -> None:
        """Record the messages that show entries, by job id: from now on, they are results like any other.

        Their stored pictures are deleted, as the messages have them, except those of `kept_ids`.
        """
        publish = update(jobs).where(jobs.c.id == _JOB_ID, jobs.c.outcome_channel_id.is_(None))
        rows = [
            {_JOB_ID.key: job_id, "outcome_channel_id": channel_id, "outcome_message_id": message_id}
            for job_id, message_id in places.items()
        ]
        deleted = [job_id for job_id in places if job_id not in kept_ids]

        def publish_rows(connection: Connection) -> None:
            connection.execute(publish, rows)
            connection.execute(delete(undelivered_images).where(undelivered_images.c.job_id.in_(deleted)))

        if rows:
            with translate_database_errors():
                await self._database.run_transaction(publish_rows)

    async def _update(self, message: RoundMessage, **changes: float | None) -> bool:
        """Change a message unless somebody has changed it; return whether it was changed."""
        query = update(round_messages).where(
            round_messages.c.contest_id == message.contest_id,
            round_messages.c.sequence == message.sequence,
            round_messages.c.attempt == message.attempt,
            round_messages.c.message_id.is_not_distinct_from(message.message_id),
        )
        with translate_database_errors():
            result = await self._database.run_transaction(
                lambda connection: connection.execute(query.values(**changes))
            )
        return bool(result.rowcount)
