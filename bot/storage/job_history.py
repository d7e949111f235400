"""Looking up past jobs and their results."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, delete, or_, select, update

from bot.domain.gallery import Remover
from bot.domain.records import JobRecord
from bot.storage.batch_items import delete_result
from bot.storage.gallery_rows import build_withdrawal
from bot.storage.job_records import parse_job_record, select_job_records
from bot.storage.session import Database, begin_transaction, translate_database_errors
from bot.storage.tables import (
    IS_OPEN_JOB,
    RecordState,
    explorations,
    gallery_posts,
    jobs,
    outcomes,
    result_hashes,
    thumbnails,
    undelivered_images,
)
from shared.job import get_snowflake_time, parse_exploration_id, parse_job_id

_STATUS_WINDOW_SECONDS: Final = 900.0
"""A status message is posted when its job is accepted; the clocks of Discord and the bot may differ."""
_FIRST_JOBS: Final = 20
"""Among so many that ended first is the job that was accepted first."""
_HAS_IMAGE: Final = and_(jobs.c.deleted_at.is_(None), outcomes.c.kind == "generated")
_REQUESTER_ID: Final[BindParameter[int]] = bindparam("target_requester_id")
_SELECT_RESULT_OF: Final = (
    select(jobs.c.id)
    .where(jobs.c.requester_id == _REQUESTER_ID, jobs.c.state == RecordState.DELIVERED, jobs.c.deleted_at.is_(None))
    # not a join: PostgreSQL might read all outcomes for it
    .where(select(outcomes.c.kind).where(outcomes.c.job_id == jobs.c.id).scalar_subquery() == "generated")
    .limit(1)
)


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

    async def find_jobs(self, job_ids: Collection[str]) -> Mapping[str, JobRecord]:
        """Find several jobs, by their ids; those that were never recorded are missing."""
        if not job_ids:
            return {}
        async with begin_transaction(self._database) as connection:
            rows = (await connection.execute(select_job_records().where(jobs.c.id.in_(job_ids)))).all()
        return {record.job.id: record for row in rows if (record := parse_job_record(row))}

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
        oldest = (
            select(jobs.c.id)
            .outerjoin(outcomes, outcomes.c.job_id == jobs.c.id)
            .where(jobs.c.outcome_channel_id == thread_id, jobs.c.source_sha256.is_not(None) | _HAS_IMAGE)
            .order_by(jobs.c.finished_at)
            .limit(_FIRST_JOBS)
        )
        query = select_job_records().where(jobs.c.id.in_(oldest)).order_by(jobs.c.accepted_at, jobs.c.id).limit(1)
        return await self._find_one(query)

    async def has_result(self, requester_id: int) -> bool:
        """Tell whether a person has a result that was not deleted. This is asked for many requests, so it is cheap."""
        with translate_database_errors():
            return await self._database.run_transaction(
                lambda connection: (
                    connection.execute(_SELECT_RESULT_OF, {_REQUESTER_ID.key: requester_id}).first() is not None
                )
            )

    async def list_open_job_ids(self, guild_id: int, requester_id: int) -> Sequence[str]:
        """List the ids of a member's open jobs in a guild, oldest first."""
        query = (
            select(jobs.c.id)
            .where(jobs.c.requester_id == requester_id, jobs.c.guild_id == guild_id, IS_OPEN_JOB)
            .order_by(jobs.c.accepted_at, jobs.c.id)
        )
        async with begin_transaction(self._database) as connection:
            return (await connection.execute(query)).scalars().all()

    async def find_job_of_message(self, guild_id: int, channel_id: int, message_id: int) -> JobRecord | None:
        """Find the job whose result or status message this is; None if there is none, or more than one."""
        posted_at = get_snowflake_time(message_id)
        is_status = and_(
            jobs.c.guild_id == guild_id,
            jobs.c.accepted_at.between(posted_at - _STATUS_WINDOW_SECONDS, posted_at + _STATUS_WINDOW_SECONDS),
            jobs.c.status_message_id == message_id,
        )
        is_result = and_(
            jobs.c.outcome_channel_id == channel_id,
            jobs.c.outcome_message_id == message_id,
            jobs.c.guild_id == guild_id,
        )
        async with begin_transaction(self._database) as connection:
            rows = (await connection.execute(select_job_records().where(or_(is_status, is_result)).limit(2))).all()
        return parse_job_record(rows[0]) if len(rows) == 1 else None

    async def mark_result_deleted(self, job_id: str) -> None:
        """Record that a person deleted the result, and delete every stored copy of its image, and their hashes.

        The exploration that shows it is open again, so that its message is drawn without it. The gallery takes it out.
        """
        at = self._clock()
        with translate_database_errors():
            await self._database.run_transaction(lambda connection: mark_result_deleted(connection, job_id, at))

    async def _find_one(self, query: Select[Any]) -> JobRecord | None:
        async with begin_transaction(self._database) as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else parse_job_record(row)


def mark_result_deleted(connection: Connection, job_id: str, at: float) -> bool:
    """Mark a result as deleted, and delete its stored images; False if it was marked before, or is not recorded."""
    marking = update(jobs).where(jobs.c.id == job_id, jobs.c.deleted_at.is_(None)).values(deleted_at=at)
    if not connection.execute(marking).rowcount:
        return False
    connection.execute(build_withdrawal(gallery_posts.c.job_id == job_id, Remover.DELETION, at))
    for table in (result_hashes, thumbnails, undelivered_images):
        connection.execute(delete(table).where(table.c.job_id == job_id))
    delete_result(connection, job_id, at)
    reopen = update(explorations).where(explorations.c.id == parse_exploration_id(job_id))
    connection.execute(reopen.values(ended_at=None))
    return True
