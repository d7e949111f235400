"""The epoch of the queue, and the counters of jobs that hold after Redis has lost them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from bot.storage.job_records import REPEAT_ENTRY
from bot.storage.queue_entries import (
    IS_NEWEST_ENTRY_OF_JOB,
    JOB_ID,
    RAISE_COUNTERS_OF_FIRST_ENTRY,
    RAISE_COUNTERS_OF_NEWEST_ENTRY,
)
from bot.storage.session import Database
from bot.storage.tables import OPEN_STATES, jobs, queue_entries, queue_epoch


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
            .join_from(jobs, queue_entries, IS_NEWEST_ENTRY_OF_JOB)
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
                statement = RAISE_COUNTERS_OF_FIRST_ENTRY if call.is_late else RAISE_COUNTERS_OF_NEWEST_ENTRY
                counters = {"new_claims": 0, "new_calls": call.calls, "new_unknown_calls": call.unknown_calls}
                connection.execute(statement, {JOB_ID.key: call.job_id, **counters})

        await self._database.run_transaction(raise_counters)
