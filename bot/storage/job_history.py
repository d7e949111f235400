"""Looking back at what was made, over SQLAlchemy: jobs, how they ended, and the pictures they started from."""

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.images import StoredImage
from bot.domain.records import JobRecord
from bot.storage.database import DATABASE_ERRORS, Database
from bot.storage.jobs import get_message_ref
from bot.storage.tables import OPEN_STATES, jobs, outcomes, source_images, thumbnails, undelivered_images
from shared.job import Job
from shared.outcome import CANCELLED
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

_HAS_PICTURE: Final = (jobs.c.deleted_at.is_(None), outcomes.c.kind == "generated")

_SOURCE_HASH_OF_JOB: Final = select(jobs.c.source_sha256).where(jobs.c.id == bindparam("job"))
_IS_SOURCE_OF_JOB: Final = source_images.c.sha256 == _SOURCE_HASH_OF_JOB.scalar_subquery()
_SELECT_LAST_USED_AT: Final = select(source_images.c.last_used_at).where(_IS_SOURCE_OF_JOB)
_UPDATE_LAST_USED_AT: Final = update(source_images).where(_IS_SOURCE_OF_JOB).values(last_used_at=bindparam("now"))

LAST_USED_PRECISION_SECONDS: Final = 3600.0  # that a picture is used again is written down once in so long


class SqlJobHistory:
    """Past jobs and their pictures in SQLite or PostgreSQL. `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def find_job(self, job_id: str) -> JobRecord | None:
        return await self._find_one(select_job_records().where(jobs.c.id == job_id))

    async def find_latest_result(self, thread_id: int) -> JobRecord | None:
        return next(iter(await self.list_results(thread_id, 1)), None)

    async def list_results(self, thread_id: int, limit: int) -> Sequence[JobRecord]:
        newest = (
            select_job_records()
            .where(jobs.c.outcome_channel_id == thread_id, *_HAS_PICTURE)
            .order_by(jobs.c.finished_at.desc())
        )
        async with begin_transaction(self._database) as records:
            rows = (await records.execute(newest.limit(limit))).all()
        return [past for row in rows if (past := parse_job_record(row))]

    async def find_first_job(self, thread_id: int) -> JobRecord | None:
        has_to_do_with_one = jobs.c.source_sha256.is_not(None) | and_(*_HAS_PICTURE)
        told = select_job_records().where(jobs.c.outcome_channel_id == thread_id, has_to_do_with_one)
        return await self._find_one(told.order_by(jobs.c.accepted_at, jobs.c.id).limit(1))

    async def mark_result_deleted(self, job_id: str) -> None:
        async with begin_transaction(self._database) as records:
            await records.execute(update(jobs).where(jobs.c.id == job_id).values(deleted_at=self._clock()))
            for table in (thumbnails, undelivered_images):
                await records.execute(delete(table).where(table.c.job_id == job_id))

    async def load_source_image(self, sha256: str) -> StoredImage | None:
        async with begin_transaction(self._database) as records:
            data = (
                await records.execute(select(source_images.c.image).where(source_images.c.sha256 == sha256))
            ).scalar()
        return None if data is None else StoredImage(sha256, data)

    async def load_undelivered_image(self, job_id: str) -> bytes | None:
        async with begin_transaction(self._database) as records:
            return (
                await records.execute(select(undelivered_images.c.image).where(undelivered_images.c.job_id == job_id))
            ).scalar()

    async def refresh_source_image(self, job_id: str) -> bool:
        now = self._clock()

        def work(records: Connection) -> bool:
            kept_at = records.execute(_SELECT_LAST_USED_AT, {"job": job_id}).scalar()
            if kept_at is not None and now - kept_at > LAST_USED_PRECISION_SECONDS:
                records.execute(_UPDATE_LAST_USED_AT, {"job": job_id, "now": now})
            return kept_at is not None

        try:
            return await self._database.run_transaction(work)
        except DATABASE_ERRORS:
            log.warning("job %s: whether the picture it started from is kept cannot be read", job_id, exc_info=True)
            return False

    async def save_source_image(self, job_id: str, data: bytes) -> None:
        now = self._clock()

        def work(records: Connection) -> None:
            sha256 = records.execute(_SOURCE_HASH_OF_JOB, {"job": job_id}).scalar()
            if sha256 is not None:
                records.execute(insert(source_images), {"sha256": sha256, "image": data, "last_used_at": now})

        try:
            await self._database.run_transaction(work)
        except IntegrityError:
            log.debug("job %s: its source was kept by another job meanwhile", job_id)
        except DATABASE_ERRORS:
            log.warning("job %s: the picture it started from could not be kept", job_id, exc_info=True)

    async def save_undelivered_image(self, job_id: str, data: bytes) -> None:
        known = (
            select(undelivered_images.c.stored_at)
            .select_from(outcomes)
            .outerjoin(undelivered_images, undelivered_images.c.job_id == outcomes.c.job_id)
        )
        async with begin_transaction(self._database) as records:
            row = (await records.execute(known.where(outcomes.c.job_id == job_id))).one_or_none()
            if row is not None and row.stored_at is None:
                kept = {"job_id": job_id, "image": data, "stored_at": self._clock()}
                await records.execute(insert(undelivered_images).values(kept))

    async def delete_expired_images(self, before: float) -> int:
        """Drop the pictures that no job started from, or that were told nowhere, since then (Unix seconds); count."""
        expired = (
            source_images.c.last_used_at < before - LAST_USED_PRECISION_SECONDS,
            undelivered_images.c.stored_at < before,
        )
        async with begin_transaction(self._database) as records:
            dropped = [
                await records.execute(delete(table).where(is_expired))
                for table, is_expired in zip((source_images, undelivered_images), expired, strict=True)
            ]
            return sum(one.rowcount for one in dropped)

    async def _find_one(self, query: Select[Any]) -> JobRecord | None:
        async with begin_transaction(self._database) as records:
            row = (await records.execute(query)).one_or_none()
        return None if row is None else parse_job_record(row)


def select_job_records() -> Select[Any]:
    """Select jobs with their outcomes, as `past_of` reads them."""
    ending = (
        outcomes.c.kind,
        outcomes.c.seed,
        outcomes.c.duration_seconds,
        outcomes.c.cost_usd,
        outcomes.c.problem_code,
    )
    return select(jobs, *ending).outerjoin(outcomes, outcomes.c.job_id == jobs.c.id)


def parse_job_record(row: Row[Any]) -> JobRecord | None:
    """Read a row of `pasts`; None when it is of a release that wrote it otherwise."""
    try:
        job = Job.model_validate_json(row.job_json)
    except ValueError:
        log.exception("job %s: its record cannot be read by this release", row.id)
        return None
    return JobRecord(
        job=job,
        outcome_kind=row.kind,
        seed=row.seed,
        message=get_message_ref(row),
        finished_at=row.finished_at or row.accepted_at,
        source_sha256=row.source_sha256,
        is_deleted=row.deleted_at is not None,
        duration_seconds=row.duration_seconds,
        cost_usd=row.cost_usd,
        is_open=row.state in OPEN_STATES,
        is_cancelled=row.problem_code == CANCELLED,
    )


@asynccontextmanager
async def begin_transaction(database: Database) -> AsyncIterator[AsyncConnection]:
    """Begin a transaction. Raises `RejectedError` (records_unavailable) when the database does not answer."""
    with translate_database_errors():
        async with database.transaction() as records:
            yield records


@contextmanager
def translate_database_errors() -> Iterator[None]:
    """Raise `RejectedError` (records_unavailable) where the database does not answer."""
    try:
        yield
    except DATABASE_ERRORS as error:
        log.exception("the records do not answer")
        raise RejectedError(make_problem("records_unavailable")) from error
