"""The epoch of the queue, and the counters of jobs that hold after Redis has lost them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, case, func, insert, select, update

from bot.storage.job_records import FIRST_ENTRY, REPEAT_ENTRY
from bot.storage.session import Database
from bot.storage.tables import OPEN_STATES, jobs, queue_entries, queue_epoch

_NEWEST_ENTRY_NUMBER: Final = (
    select(func.max(queue_entries.c.entry_number))
    .where(queue_entries.c.job_id == bindparam("target_job_id"))
    .scalar_subquery()
)
_RAISE_CALLS: Final = (
    update(queue_entries)
    .where(queue_entries.c.job_id == bindparam("target_job_id"))
    .values(
        {
            column: case((column < bindparam(f"least_{column.name}"), bindparam(f"least_{column.name}")), else_=column)
            for column in (queue_entries.c.calls, queue_entries.c.unknown_calls)
        }
    )
)
_RAISE_CALLS_OF_NEWEST_ENTRY: Final = _RAISE_CALLS.where(queue_entries.c.entry_number == _NEWEST_ENTRY_NUMBER)
_RAISE_CALLS_OF_FIRST_ENTRY: Final = _RAISE_CALLS.where(queue_entries.c.entry_number == FIRST_ENTRY)
_NEWEST_ENTRIES: Final = (
    select(queue_entries.c.job_id, func.max(queue_entries.c.entry_number).label("entry_number"))
    .group_by(queue_entries.c.job_id)
    .subquery()
)
_IS_NEWEST_ENTRY: Final = (queue_entries.c.job_id == _NEWEST_ENTRIES.c.job_id) & (
    queue_entries.c.entry_number == _NEWEST_ENTRIES.c.entry_number
)


@dataclass(frozen=True)
class LoggedCall:
    """Calls that the queue has logged: those that the job has had, or (`is_late`) one before Redis lost the job."""

    job_id: str
    calls: int
    unknown_calls: int
    is_late: bool


@dataclass(frozen=True)
class RecordedCounters:
    """What the database knows of a job. `message_id` is the message with its outcome."""

    is_open: bool
    message_id: int | None
    is_requeued: bool
    claims: int
    calls: int
    unknown_calls: int


class SqlEpochStore:
    """The number of the epoch that was confirmed last, and counters. Every method raises `DATABASE_ERRORS`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_epoch(self) -> int:
        """Load the number of the epoch; 0 if none was confirmed yet."""
        query = select(queue_epoch.c.number)
        return await self._database.run_transaction(lambda connection: connection.execute(query).scalar() or 0)

    async def save_epoch(self, number: int) -> None:
        """Save the number of the epoch that is about to be confirmed."""

        def save(connection: Connection) -> None:
            if not connection.execute(update(queue_epoch).values(number=number)).rowcount:
                connection.execute(insert(queue_epoch).values(id=1, number=number))

        await self._database.run_transaction(save)

    async def load_counters(self, job_ids: Collection[str]) -> Mapping[str, RecordedCounters]:
        """Load the counters of these jobs since they were last queued, without those that are not recorded."""
        query = (
            select(jobs.c.id, jobs.c.state, jobs.c.outcome_message_id, queue_entries)
            .join_from(jobs, _NEWEST_ENTRIES, _NEWEST_ENTRIES.c.job_id == jobs.c.id)
            .join(queue_entries, _IS_NEWEST_ENTRY)
            .where(jobs.c.id.in_(job_ids))
        )
        rows = await self._database.run_transaction(lambda connection: connection.execute(query).all())
        return {
            row.id: RecordedCounters(
                is_open=row.state in OPEN_STATES,
                message_id=row.outcome_message_id,
                is_requeued=row.entry_number == REPEAT_ENTRY,
                claims=row.claims,
                calls=row.calls,
                unknown_calls=row.unknown_calls,
            )
            for row in rows
        }

    async def record_calls(self, calls: Collection[LoggedCall]) -> None:
        """Record calls. Recording one twice changes nothing."""

        def raise_counters(connection: Connection) -> None:
            for call in calls:
                statement = _RAISE_CALLS_OF_FIRST_ENTRY if call.is_late else _RAISE_CALLS_OF_NEWEST_ENTRY
                least = {"least_calls": call.calls, "least_unknown_calls": call.unknown_calls}
                connection.execute(statement, {"target_job_id": call.job_id, **least})

        await self._database.run_transaction(raise_counters)
