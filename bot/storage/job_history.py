"""Looking up past jobs and their results."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Select, and_, delete, select, update

from bot.domain.gallery import Remover
from bot.domain.records import JobRecord
from bot.storage.gallery_rows import withdraw_posts
from bot.storage.job_records import parse_job_record, select_job_records
from bot.storage.session import Database, begin_transaction
from bot.storage.tables import OPEN_STATES, explorations, gallery_posts, jobs, outcomes, thumbnails, undelivered_images
from shared.job import parse_exploration_id, parse_job_id

_HAS_IMAGE: Final = and_(jobs.c.deleted_at.is_(None), outcomes.c.kind == "generated")


class SqlJobHistory:
    """Past jobs. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def find_job(self, job_id: str) -> JobRecord | None:
        """Find a job; None if it was never recorded. Its id may be a text that a person typed."""
        if parse_job_id(job_id) is None:
            return None
        return await self._find_one(select_job_records().where(jobs.c.id == job_id))

    async def find_latest_result(self, thread_id: int) -> JobRecord | None:
        """Find the newest result in a thread that was not deleted."""
        return next(iter(await self.list_results(thread_id, 1)), None)

    async def list_results(self, thread_id: int, limit: int) -> Sequence[JobRecord]:
        """List the results in a thread that were not deleted, newest first."""
        query = (
            select_job_records()
            .where(jobs.c.outcome_channel_id == thread_id, _HAS_IMAGE)
            .order_by(jobs.c.finished_at.desc())
            .limit(limit)
        )
        async with begin_transaction(self._database) as connection:
            rows = (await connection.execute(query)).all()
        return [record for row in rows if (record := parse_job_record(row))]

    async def find_first_job(self, thread_id: int) -> JobRecord | None:
        """Find the oldest job in a thread that started from an image or generated one."""
        query = (
            select_job_records()
            .where(jobs.c.outcome_channel_id == thread_id, jobs.c.source_sha256.is_not(None) | _HAS_IMAGE)
            .order_by(jobs.c.accepted_at, jobs.c.id)
            .limit(1)
        )
        return await self._find_one(query)

    async def list_open_job_ids(self, guild_id: int, requester_id: int) -> Sequence[str]:
        """List the ids of a member's open jobs in a guild, oldest first."""
        query = (
            select(jobs.c.id)
            .where(jobs.c.requester_id == requester_id, jobs.c.guild_id == guild_id, jobs.c.state.in_(OPEN_STATES))
            .order_by(jobs.c.accepted_at, jobs.c.id)
        )
        async with begin_transaction(self._database) as connection:
            return (await connection.execute(query)).scalars().all()

    async def mark_result_deleted(self, job_id: str) -> None:
        """Record that a person deleted the result, and delete every stored copy of its image.

        The exploration that shows it is open again, so that its message is drawn without it. The gallery takes it out.
        """
        async with begin_transaction(self._database) as connection:
            now = self._clock()
            await connection.execute(update(jobs).where(jobs.c.id == job_id).values(deleted_at=now))
            await withdraw_posts(connection, gallery_posts.c.job_id == job_id, Remover.DELETION, now)
            for table in (thumbnails, undelivered_images):
                await connection.execute(delete(table).where(table.c.job_id == job_id))
            reopen = update(explorations).where(explorations.c.id == parse_exploration_id(job_id))
            await connection.execute(reopen.values(ended_at=None))

    async def _find_one(self, query: Select[Any]) -> JobRecord | None:
        async with begin_transaction(self._database) as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else parse_job_record(row)
