"""Looking back at what was made, over SQLAlchemy: jobs, how they ended, and the pictures they started from."""

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters.records import told_of
from bot.ports import Kept, Past
from bot.records.database import TROUBLE, Database
from bot.records.models import OPEN, jobs, outcomes, results, sources, thumbnails
from shared.errors import Refused, problem
from shared.job import Job
from shared.outcome import CANCELLED

log = logging.getLogger(__name__)

_MADE: Final = (jobs.c.deleted_at.is_(None), outcomes.c.kind == "generated")

_SOURCE_OF: Final = select(jobs.c.source_sha256).where(jobs.c.id == bindparam("job"))
_ITS_SOURCE: Final = sources.c.sha256 == _SOURCE_OF.scalar_subquery()
_KEPT_AT: Final = select(sources.c.kept_at).where(_ITS_SOURCE)
_USED_AGAIN: Final = update(sources).where(_ITS_SOURCE).values(kept_at=bindparam("now"))

EXACT_SECONDS: Final = 3600.0  # that a picture is used again is written down once in so long


class Library:
    """`bot.ports.Remembering` and `Keeping`. `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def past(self, job_id: str) -> Past | None:
        return await self._one(pasts().where(jobs.c.id == job_id))

    async def latest(self, thread: int) -> Past | None:
        return next(iter(await self.pictures(thread, 1)), None)

    async def pictures(self, thread: int, limit: int) -> Sequence[Past]:
        newest = pasts().where(jobs.c.answer_channel_id == thread, *_MADE).order_by(jobs.c.finished_at.desc())
        async with opened(self._database) as records:
            rows = (await records.execute(newest.limit(limit))).all()
        return [past for row in rows if (past := past_of(row))]

    async def first(self, thread: int) -> Past | None:
        has_to_do_with_one = jobs.c.source_sha256.is_not(None) | and_(*_MADE)
        told = pasts().where(jobs.c.answer_channel_id == thread, has_to_do_with_one)
        return await self._one(told.order_by(jobs.c.accepted_at, jobs.c.id).limit(1))

    async def deleted(self, job_id: str) -> None:
        async with opened(self._database) as records:
            await records.execute(update(jobs).where(jobs.c.id == job_id).values(deleted_at=self._clock()))
            for table in (thumbnails, results):
                await records.execute(delete(table).where(table.c.job_id == job_id))

    async def source(self, sha256: str) -> Kept | None:
        async with opened(self._database) as records:
            data = (await records.execute(select(sources.c.picture).where(sources.c.sha256 == sha256))).scalar()
        return None if data is None else Kept(sha256, data)

    async def result(self, job_id: str) -> bytes | None:
        async with opened(self._database) as records:
            return (await records.execute(select(results.c.picture).where(results.c.job_id == job_id))).scalar()

    async def source_kept(self, job_id: str) -> bool:
        now = self._clock()

        def work(records: Connection) -> bool:
            kept_at = records.execute(_KEPT_AT, {"job": job_id}).scalar()
            if kept_at is not None and now - kept_at > EXACT_SECONDS:
                records.execute(_USED_AGAIN, {"job": job_id, "now": now})
            return kept_at is not None

        try:
            return await self._database.run(work)
        except TROUBLE:
            log.warning("job %s: whether the picture it started from is kept cannot be read", job_id, exc_info=True)
            return False

    async def keep_source(self, job_id: str, data: bytes) -> None:
        now = self._clock()

        def work(records: Connection) -> None:
            sha256 = records.execute(_SOURCE_OF, {"job": job_id}).scalar()
            if sha256 is not None:
                records.execute(insert(sources), {"sha256": sha256, "picture": data, "kept_at": now})

        try:
            await self._database.run(work)
        except IntegrityError:
            log.debug("job %s: its source was kept by another job meanwhile", job_id)
        except TROUBLE:
            log.warning("job %s: the picture it started from could not be kept", job_id, exc_info=True)

    async def keep_result(self, job_id: str, data: bytes) -> None:
        known = (
            select(results.c.kept_at).select_from(outcomes).outerjoin(results, results.c.job_id == outcomes.c.job_id)
        )
        async with opened(self._database) as records:
            row = (await records.execute(known.where(outcomes.c.job_id == job_id))).one_or_none()
            if row is not None and row.kept_at is None:
                kept = {"job_id": job_id, "picture": data, "kept_at": self._clock()}
                await records.execute(insert(results).values(kept))

    async def drop_pictures(self, before: float) -> int:
        """Drop the pictures that no job started from, or that were told nowhere, since then (Unix seconds); count."""
        since = {sources: before - EXACT_SECONDS, results: before}
        async with opened(self._database) as records:
            dropped = [await records.execute(delete(t).where(t.c.kept_at < then)) for t, then in since.items()]
            return sum(one.rowcount for one in dropped)

    async def _one(self, wanted: Select[Any]) -> Past | None:
        async with opened(self._database) as records:
            row = (await records.execute(wanted)).one_or_none()
        return None if row is None else past_of(row)


def pasts() -> Select[Any]:
    """Select jobs with their outcomes, as `past_of` reads them."""
    ending = (outcomes.c.kind, outcomes.c.seed, outcomes.c.seconds, outcomes.c.cost_usd, outcomes.c.problem)
    return select(jobs, *ending).outerjoin(outcomes, outcomes.c.job_id == jobs.c.id)


def past_of(row: Row[Any]) -> Past | None:
    """Read a row of `pasts`; None when it is of a release that wrote it otherwise."""
    try:
        job = Job.model_validate_json(row.job)
    except ValueError:
        log.exception("job %s: its record cannot be read by this release", row.id)
        return None
    return Past(
        job=job,
        kind=row.kind,
        seed=row.seed,
        told=told_of(row),
        finished_at=row.finished_at or row.accepted_at,
        source=row.source_sha256,
        deleted=row.deleted_at is not None,
        seconds=row.seconds,
        cost_usd=row.cost_usd,
        open=row.state in OPEN,
        cancelled=row.problem == CANCELLED,
    )


@asynccontextmanager
async def opened(database: Database) -> AsyncIterator[AsyncConnection]:
    """Begin a transaction. Raises `Refused` (records_unavailable) when the database does not answer."""
    with required():
        async with database.transaction() as records:
            yield records


@contextmanager
def required() -> Iterator[None]:
    """Raise `Refused` (records_unavailable) where the database does not answer."""
    try:
        yield
    except TROUBLE as error:
        log.exception("the records do not answer")
        raise Refused(problem("records_unavailable")) from error
