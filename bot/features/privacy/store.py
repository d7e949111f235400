"""Counting and deleting everything about a person, in short transactions."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from typing import Final

from sqlalchemy import Connection, and_

from bot.features.privacy.summary import MAX_COUNT, StoredDataSummary
from bot.storage.batch_retention import (
    count_pending_items,
    delete_batch,
    delete_pictures,
    forget_approver,
    forget_reviewer,
    is_deletable_batch,
    select_deletable_batches,
)
from bot.storage.bounded_work import BoundedWork
from bot.storage.data_deletions import record_deleted_rows
from bot.storage.personal_jobs import (
    count_newest_ended_jobs,
    delete_jobs,
    select_newest_ended_jobs,
)
from bot.storage.personal_rows import (
    count_own_rows,
    count_rows,
    delete_explorations,
    delete_favourites,
    delete_small_rows,
    forget_actor,
    forget_source_owner,
    forget_spender,
    list_actor_rows,
)
from bot.storage.round_members import forget_entries
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import IS_OPEN_JOB, batches, jobs
from bot.storage.trigrams import merge_trigrams

_FIELD_NAMES: Final = {"user_preferences": "preferences"}
_ROWS_OF_ACTOR: Final = 100

JobPurge = Callable[[Sequence[str]], Awaitable[None]]
Progress = Callable[[int], Awaitable[None]]


async def _ignore(_: object) -> None:
    pass


class SqlUserDataStore:
    """The stored data of a person. Every method raises `RejectedError` (database_unavailable).

    `clock` gives Unix seconds.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def summarise_stored_data(self, user_id: int) -> StoredDataSummary:
        """Count the rows and images about a person, at most one more than `MAX_COUNT` of each kind.

        Of a person with more jobs than that, the rows and images about jobs are those of the newest ones.
        """
        with translate_database_errors():
            return await self._database.run_transaction(lambda connection: _count_user_data(connection, user_id))

    async def delete_personal_data(
        self, user_id: int, *, purge_jobs: JobPurge = _ignore, report_progress: Progress = _ignore
    ) -> StoredDataSummary:
        """Delete everything that `summarise_stored_data` counts, except open jobs; return the exact counts.

        Jobs that others started from the person's results stay, and so does the place of those results in the lineage:
        without the person, the request, or the picture. Presets and style sets that the person gave to a guild stay
        without an author. Results in a gallery are taken out of it.

        Each transaction is short, and adds to the numbers of the person's stored deletion, if there is one. Rows that
        were not deleted when the process ended, or `report_progress` raised an error, are deleted by the next call.
        `purge_jobs` deletes jobs elsewhere before they are deleted here; `report_progress` is given the number of jobs
        that are deleted.
        """
        steps = _Steps(BoundedWork(self._database), user_id, Counter())
        with translate_database_errors():
            await self._delete_rows(user_id, steps)
            await self._delete_jobs(user_id, steps, purge_jobs, report_progress)
            steps.counts["open_jobs"] = await self._database.run_transaction(
                lambda connection: _count_open_jobs(connection, user_id)
            )
            await merge_trigrams(self._database)
        await self._database.checkpoint_wal("deleted rows")
        return build_summary(steps.counts)

    async def _delete_rows(self, user_id: int, steps: "_Steps") -> None:
        """Delete all but the jobs and the rows that are found by them."""
        work, now = steps.work, self._clock()
        await steps.run(lambda connection: delete_small_rows(connection, user_id, now))
        found = await self._database.run_transaction(lambda connection: list(list_actor_rows(connection, user_id)))
        for table, keys in found:
            for start in range(0, len(keys), _ROWS_OF_ACTOR):
                part = keys[start : start + _ROWS_OF_ACTOR]
                await work.run(lambda connection, _, table=table, part=part: forget_actor(connection, table, part))  # type: ignore[misc]
        await work.repeat(lambda connection, limit: forget_entries(connection, user_id, limit))
        await work.repeat(lambda connection, limit: forget_source_owner(connection, user_id, limit))
        await work.repeat(lambda connection, limit: forget_spender(connection, user_id, limit))
        await work.repeat(lambda connection, limit: forget_reviewer(connection, user_id, limit))
        await work.run(lambda connection, _: forget_approver(connection, user_id))
        await steps.repeat("favourites", lambda connection, limit: delete_favourites(connection, user_id, limit, now))
        await steps.repeat("explorations", lambda connection, limit: delete_explorations(connection, user_id, limit))
        await delete_pictures(self._database, select_deletable_batches(user_id))
        await steps.repeat("batches", lambda connection, _: delete_batch(connection, user_id))

    async def _delete_jobs(
        self, user_id: int, steps: "_Steps", purge_jobs: JobPurge, report_progress: Progress
    ) -> None:
        steps.work = BoundedWork(self._database)
        while True:
            newest = select_newest_ended_jobs(user_id, steps.work.limit)
            job_ids = await self._database.run_transaction(
                lambda connection, newest=newest: connection.execute(newest).scalars().all()  # type: ignore[misc]
            )
            if not job_ids:
                return
            await purge_jobs(job_ids)
            await steps.run(
                lambda connection, chosen=job_ids: delete_jobs(connection, user_id, chosen, self._clock())  # type: ignore[misc]
            )
            await report_progress(steps.counts["jobs"])


@dataclass
class _Steps:
    """The transactions of a deletion, each of which records what it deleted."""

    work: BoundedWork
    user_id: int
    counts: Counter[str]

    async def run(self, delete_rows: Callable[[Connection], Counter[str]]) -> None:
        """Run a transaction that returns the numbers of deleted rows by kind."""

        def run_and_record(connection: Connection, _limit: int) -> Counter[str]:
            counts = delete_rows(connection)
            record_deleted_rows(connection, self.user_id, counts)
            return counts

        self.counts += await self.work.run(run_and_record)

    async def repeat(self, kind: str, delete_rows: Callable[[Connection, int], int]) -> None:
        """Run transactions until one deletes nothing; each returns a number of rows of this kind."""

        def delete_and_record(connection: Connection, limit: int) -> int:
            count = delete_rows(connection, limit)
            if count:
                record_deleted_rows(connection, self.user_id, Counter({kind: count}))
            return count

        self.counts[kind] += await self.work.repeat(delete_and_record)


def _count_user_data(connection: Connection, user_id: int) -> StoredDataSummary:
    limit = MAX_COUNT + 1
    counts = count_own_rows(connection, user_id, limit) + count_newest_ended_jobs(connection, user_id, limit)
    counts["batches"] = count_rows(connection, batches, is_deletable_batch(user_id), limit)
    counts["open_jobs"] = _count_open_jobs(connection, user_id)
    return build_summary(counts)


def _count_open_jobs(connection: Connection, user_id: int) -> int:
    """Count a person's jobs that have not ended, and the items of batches that are still to be started."""
    is_open = and_(jobs.c.requester_id == user_id, IS_OPEN_JOB)
    return count_rows(connection, jobs, is_open, MAX_COUNT + 1) + count_pending_items(connection, user_id)


def build_summary(counts: Counter[str]) -> StoredDataSummary:
    """Build the summary from the numbers by kind or table."""
    by_field = {_FIELD_NAMES.get(name, name): count for name, count in counts.items()}
    return StoredDataSummary(**{field.name: by_field.get(field.name, 0) for field in fields(StoredDataSummary)})
