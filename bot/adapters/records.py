"""The records database over SQLAlchemy: each verb is one short transaction that begins with what it writes."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Row, Update, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.ports import Closed, Kept, Record, Source, Standing, Told
from bot.records.database import TROUBLE, Database, RecordsUnusableError
from bot.records.migrate import migrate
from bot.records.models import OPEN, JobState, attempts, jobs, outcomes
from shared.catalogue import Catalogue, Model
from shared.errors import Problem, Refused, problem
from shared.job import Job
from shared.outcome import Failed, Filtered, Generated, Side
from shared.prompts import searchable

log = logging.getLogger(__name__)

FIRST, REPEAT = 1, 2

# What every job asks for, made once: building a statement takes as long as executing it. Each is of the job `which`.
_WHICH: Final[BindParameter[str]] = bindparam("which")
_PARENT: Final = select(jobs.c.id).where(jobs.c.id == bindparam("parent")).scalar_subquery()  # if it is known at all
_NEW_JOB: Final = insert(jobs).values(parent_id=_PARENT)
_NEW_ATTEMPT: Final = insert(attempts)
_OUTCOME: Final = insert(outcomes)
_JOB: Final = update(jobs).where(jobs.c.id == _WHICH)
_IS_OPEN: Final = or_(*(jobs.c.state == state for state in OPEN))  # `in_` is written out anew at each execution
_OPEN_JOB: Final = _JOB.where(_IS_OPEN)
_CLOSED: Final = select(jobs).where(jobs.c.id == _WHICH, ~_IS_OPEN)
_ATTEMPTS: Final = update(attempts).where(attempts.c.job_id == _WHICH)
_FIRST_ATTEMPT: Final = _ATTEMPTS.where(attempts.c.queueing == FIRST)
_EVERY: Final = attempts.alias()
_NEWEST: Final = select(func.max(_EVERY.c.queueing)).where(_EVERY.c.job_id == _WHICH).scalar_subquery()
_NEWEST_ATTEMPT: Final = _ATTEMPTS.where(attempts.c.queueing == _NEWEST)
_NEWEST_OF_JOB: Final = select(func.max(_EVERY.c.queueing)).where(_EVERY.c.job_id == jobs.c.id).scalar_subquery()
_OPEN_RECORDS: Final = (
    select(jobs, attempts)
    .join_from(jobs, attempts, attempts.c.job_id == jobs.c.id)
    .where(jobs.c.state.in_(OPEN), attempts.c.queueing == _NEWEST_OF_JOB)
    .order_by(jobs.c.accepted_at, jobs.c.id)
)


class Records:
    """`bot.ports.Recording`, `Closing` and `Reviewing` over SQLite or PostgreSQL. `clock` gives Unix seconds."""

    def __init__(self, url: str, *, catalogue: Catalogue, clock: Callable[[], float] = time.time) -> None:
        """Read the address. Raises `RecordsUnusableError`."""
        self.database = Database(url)
        self._catalogue = catalogue
        self._clock = clock

    async def start(self) -> None:
        """Bring the tables to this release's schema. Raises `RecordsUnusableError`."""
        await asyncio.to_thread(migrate, self.database.url)

    async def look(self) -> None:
        """Ask the database for nothing. Raises what SQLAlchemy does when it does not answer."""
        await self.database.run(lambda records: records.execute(select(1)))

    async def close(self) -> None:
        """Give the connections back."""
        await self.database.close()

    async def accepted(self, job: Job, source: Source | Kept | None) -> bool:
        row = _row(job)
        match source:
            case Source():
                row |= {"source_url": source.url, "source_size": source.size, "source_expires_at": source.expires_at}
            case Kept():
                row |= {"source_sha256": source.sha256}

        def work(records: Connection) -> None:
            records.execute(_NEW_JOB, row)
            records.execute(_NEW_ATTEMPT, _attempt(job.id, FIRST))

        try:
            await self.database.run(work)
        except IntegrityError:
            return False
        except TROUBLE as error:
            log.exception("job %s: it could not be written into the records", job.id)
            raise Refused(problem("records_unavailable")) from error
        return True

    async def queued(self, job_id: str, sha256: str | None) -> None:
        queued = {"state": JobState.QUEUED, "source_sha256": sha256}
        await self._note(job_id, (_OPEN_JOB, queued), (_FIRST_ATTEMPT, {"queued_at": self._clock()}))

    async def refused(self, job_id: str, problem: Problem) -> None:
        closed = {
            "state": JobState.REFUSED,
            "refusal": problem.code,
            "source_url": None,
            "finished_at": self._clock(),
        }
        await self._note(job_id, (_OPEN_JOB, closed))

    async def closed(self, job_id: str) -> Closed | None:
        try:
            row = await self.database.run(lambda records: records.execute(_CLOSED, {"which": job_id}).one_or_none())
        except TROUBLE:
            log.warning("job %s: its record could not be read", job_id, exc_info=True)
            return None
        return None if row is None else Closed(told_of(row))

    async def delivered(self, standing: Standing, told: Told | None) -> None:
        job_id, now = standing.job.id, self._clock()
        closed = {
            "state": JobState.DELIVERED,
            "source_url": None,
            "finished_at": standing.since,
            "delivered_at": now,
            "answer_channel_id": told.channel if told else None,
            "answer_message_id": told.message if told else None,
        }
        if standing.thread is not None:
            closed["thread_id"] = standing.thread
        ending = _ending(standing, self._catalogue.models.get(standing.job.request.model))

        def work(records: Connection) -> None:
            if not records.execute(_OPEN_JOB, closed | {"which": job_id}).rowcount:
                if records.execute(select(jobs.c.id).where(jobs.c.id == job_id)).one_or_none():
                    return
                # the operator's retry of a job that was set aside is not asked for in Discord
                records.execute(_NEW_JOB, _row(standing.job) | closed)
                records.execute(_NEW_ATTEMPT, _attempt(job_id, FIRST))
            records.execute(_OUTCOME, ending | {"job_id": job_id})
            records.execute(_NEWEST_ATTEMPT, _counted(standing))

        try:
            await self.database.run(work)
        except TROUBLE:
            log.warning("job %s: its end could not be written into the records", job_id, exc_info=True)

    async def open_records(self) -> Sequence[Record]:
        rows = await self.database.run(lambda records: records.execute(_OPEN_RECORDS).all())
        return [record for row in rows if (record := _record(row))]

    async def seen(self, standings: Collection[Standing]) -> None:
        counts = [_counted(standing) for standing in standings]
        threads = [{"which": one.job.id, "thread_id": one.thread} for one in standings if one.thread is not None]

        def work(records: Connection) -> None:
            records.execute(_NEWEST_ATTEMPT, counts)
            if threads:
                records.execute(_JOB, threads)

        await self.database.run(work)

    async def repeat(self, job_id: str) -> bool:
        again = _attempt(job_id, REPEAT, self._clock())
        try:
            await self.database.run(lambda records: records.execute(_NEW_ATTEMPT, again))
        except IntegrityError:
            return False
        return True

    async def not_repeated(self, job_id: str) -> None:
        repeat = (attempts.c.job_id == job_id) & (attempts.c.queueing == REPEAT)
        await self.database.run(lambda records: records.execute(delete(attempts).where(repeat)))

    async def _note(self, job_id: str, *changes: tuple[Update, dict[str, Any]]) -> None:
        def work(records: Connection) -> None:
            for change, values in changes:
                records.execute(change, values | {"which": job_id})

        try:
            await self.database.run(work)
        except TROUBLE:
            log.warning("job %s: its record could not be written; reconciling mends it", job_id, exc_info=True)


def told_of(row: Row[Any]) -> Told | None:
    """Where the answer of a row of jobs stands; None where it was told nowhere."""
    if row.answer_channel_id is None:
        return None
    elsewhere = row.answer_channel_id not in {row.channel_id, row.message_id, row.thread_id}
    private = elsewhere or Job.model_validate_json(row.job).place.direct
    return Told(row.answer_channel_id, row.answer_message_id, private=private)


def _row(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "parent": job.parent,
        "words": searchable(job.request.text_prompts),
        "job": job.model_dump_json(),
        "model": job.request.model,
        "requester_id": job.requester.id,
        "guild_id": job.place.guild,
        "channel_id": job.place.channel,
        "message_id": job.place.message,
        "state": JobState.ACCEPTED,
        "accepted_at": job.accepted_at,
    }


def _attempt(job_id: str, queueing: int, at: float | None = None) -> dict[str, Any]:
    return {"job_id": job_id, "queueing": queueing, "queued_at": at, "claims": 0, "calls": 0, "doubts": 0}


def _counted(standing: Standing) -> dict[str, Any]:
    """The counters of a standing, for the newest attempts of its job."""
    counts = {"claims": standing.claims, "calls": standing.calls, "doubts": standing.doubts}
    return counts | {"which": standing.job.id}


def _ending(standing: Standing, model: Model | None) -> dict[str, Any]:
    """A row of outcomes. What was painted is taken to be paid for, also when a filter then withheld it.

    https://aws.amazon.com/bedrock/pricing/ names a price for each picture generated.
    """
    price = model.price_usd if model else None
    outcome = standing.outcome
    match outcome:
        case Generated(seed=seed, seconds=seconds):
            return {"kind": outcome.kind, "seed": seed, "seconds": seconds, "cost_usd": price}
        case Filtered(side=side, seconds=seconds):
            cost = price if side is Side.OUTPUT else 0.0
            return {"kind": outcome.kind, "side": side, "seconds": seconds, "cost_usd": cost}
        case Failed(problem=wrong):
            return {"kind": outcome.kind, "problem": wrong.code, "cost_usd": None if standing.doubts else 0.0}
        case _:
            return {"kind": "unknown"}


def _record(row: Row[Any]) -> Record | None:
    try:
        job = Job.model_validate_json(row.job)
    except ValueError:
        log.exception("job %s: its record cannot be read by this release", row.id)
        return None
    return Record(
        job=job,
        queued=row.state == JobState.QUEUED,
        source=Source(row.source_url, row.source_size) if row.source_url else None,
        sha256=row.source_sha256,
        thread=row.thread_id,
        repeated=row.queueing == REPEAT,
        claims=row.claims,
        calls=row.calls,
        doubts=row.doubts,
    )


__all__ = ["Records", "RecordsUnusableError"]
