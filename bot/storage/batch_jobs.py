"""Jobs of the items of batches, whose prices were reserved when their batch started."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, insert

from bot.domain.images import StoredImage
from bot.storage.batch_items import queue_item, unqueue_item
from bot.storage.job_records import FIRST_ENTRY, build_job_row, build_queue_entry_row, build_source_columns
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import RecordState, jobs, queue_entries
from shared.job import BatchRef, Job

_INSERT_JOB: Final = insert(jobs)
_INSERT_QUEUE_ENTRY: Final = insert(queue_entries)


@dataclass(frozen=True)
class SqlBatchJobStore:
    """Records jobs of items before they are queued. Every method raises `RejectedError` (database_unavailable).

    `clock` gives Unix seconds.
    """

    database: Database
    clock: Callable[[], float] = time.time

    async def add_job(self, job: Job, ref: BatchRef, image: StoredImage | None) -> bool:
        """Record the job of an item that is about to be queued; False unless its batch runs and it waits for this job.

        From then on the job has an outcome in any case. Raises `RejectedError` (batch_unknown).
        """
        source = build_source_columns(image)

        def add(connection: Connection) -> bool:
            if not queue_item(connection, job, ref):
                return False
            row = build_job_row(job)
            row["parent_id"] = row.pop("parent_job_id")
            connection.execute(_INSERT_JOB, row | source)
            connection.execute(_INSERT_QUEUE_ENTRY, build_queue_entry_row(job.id, FIRST_ENTRY))
            return True

        with translate_database_errors():
            return await self.database.run_transaction(add)

    async def withdraw_job(self, job: Job, ref: BatchRef) -> None:
        """Delete the record of a job that the queue has no room for, and let its item be started later.

        Nothing happens to a job that the queue has accepted or that has ended. Raises `RejectedError` (batch_unknown).
        """
        query = delete(jobs).where(jobs.c.id == job.id, jobs.c.state == RecordState.ACCEPTED)

        def withdraw(connection: Connection) -> None:
            if connection.execute(query).rowcount:
                unqueue_item(connection, job.id, ref, self.clock())

        with translate_database_errors():
            await self.database.run_transaction(withdraw)
