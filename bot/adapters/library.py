"""Looking back at what was made, over SQLAlchemy: jobs, how they ended, and the pictures they started from."""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.adapters.records import told_of
from bot.ports import Kept, Past
from bot.records.database import TROUBLE, Database
from bot.records.models import jobs, outcomes, sources
from shared.errors import Refused, problem
from shared.job import Job

log = logging.getLogger(__name__)

T = TypeVar("T")


class Library:
    """`bot.ports.Remembering` and `Keeping`. `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def past(self, job_id: str) -> Past | None:
        return await self._one(pasts().where(jobs.c.id == job_id))

    async def latest(self, thread: int) -> Past | None:
        told = (jobs.c.answer_channel_id == thread, jobs.c.deleted_at.is_(None), outcomes.c.kind == "generated")
        return await self._one(pasts().where(*told).order_by(jobs.c.finished_at.desc()).limit(1))

    async def deleted(self, job_id: str) -> None:
        change = update(jobs).where(jobs.c.id == job_id).values(deleted_at=self._clock())
        await required(self._database, lambda records: records.execute(change))

    async def source(self, sha256: str) -> Kept | None:
        wanted = select(sources.c.picture).where(sources.c.sha256 == sha256)
        data = await required(self._database, lambda records: records.execute(wanted).scalar())
        return None if data is None else Kept(sha256, data)

    async def keep_source(self, job_id: str, data: bytes) -> None:
        now = self._clock()

        def work(records: Connection) -> None:
            known = select(jobs.c.source_sha256, sources.c.kept_at).outerjoin(
                sources, sources.c.sha256 == jobs.c.source_sha256
            )
            row = records.execute(known.where(jobs.c.id == job_id)).one_or_none()
            if row is None or row.source_sha256 is None:
                return
            if row.kept_at is None:
                records.execute(insert(sources), {"sha256": row.source_sha256, "picture": data, "kept_at": now})
            else:
                records.execute(update(sources).where(sources.c.sha256 == row.source_sha256).values(kept_at=now))

        try:
            await self._database.run(work)
        except IntegrityError:
            log.debug("job %s: its source was kept by another job meanwhile", job_id)
        except TROUBLE:
            log.warning("job %s: the picture it started from could not be kept", job_id, exc_info=True)

    async def drop_sources(self, before: float) -> int:
        """Drop the pictures that no job started from since then (Unix seconds); tell how many."""
        old = delete(sources).where(sources.c.kept_at < before)
        return await required(self._database, lambda records: records.execute(old).rowcount)

    async def _one(self, wanted: Select[Any]) -> Past | None:
        row = await required(self._database, lambda records: records.execute(wanted).one_or_none())
        return None if row is None else past_of(row)


def pasts() -> Select[Any]:
    """Select jobs with their outcomes, as `past_of` reads them."""
    return select(jobs, outcomes.c.kind, outcomes.c.seed).outerjoin(outcomes, outcomes.c.job_id == jobs.c.id)


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
    )


async def required(database: Database, work: Callable[[Connection], T]) -> T:
    """Do this work in a transaction. Raises `Refused` (records_unavailable) when the database does not answer."""
    try:
        return await database.run(work)
    except TROUBLE as error:
        log.exception("the records do not answer")
        raise Refused(problem("records_unavailable")) from error
