"""The records database over SQLAlchemy: each verb is one short transaction that begins with what it writes."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.ports import Closed, Record, Source, Standing, Told
from bot.records.database import RecordsUnusableError, Transaction, address, open_engine
from bot.records.migrate import migrate
from bot.records.models import OPEN, JobState, attempts, jobs, outcomes
from shared.catalogue import Catalogue, Model
from shared.errors import Problem, Refused, problem
from shared.job import Job
from shared.outcome import Failed, Filtered, Generated, Side

log = logging.getLogger(__name__)

DEADLINE: Final = 10.0
FIRST, REPEAT = 1, 2
TROUBLE: Final = (DBAPIError, PoolTimeoutError, OSError)  # TimeoutError is an OSError


class Records:
    """`bot.ports.Recording`, `Closing` and `Reviewing` over SQLite or PostgreSQL. `clock` gives Unix seconds."""

    def __init__(self, url: str, *, catalogue: Catalogue, clock: Callable[[], float] = time.time) -> None:
        """Read the address. Raises `RecordsUnusableError`."""
        self._url = address(url)
        self._engine = open_engine(self._url)
        self._catalogue = catalogue
        self._clock = clock

    async def start(self) -> None:
        """Bring the tables to this release's schema. Raises `RecordsUnusableError`."""
        await asyncio.to_thread(migrate, self._url)

    async def look(self) -> None:
        """Ask the database for nothing. Raises what SQLAlchemy does when it does not answer."""
        async with self._transaction() as records:
            await records.execute(select(1))

    async def close(self) -> None:
        """Give the connections back."""
        await self._engine.dispose()

    async def accepted(self, job: Job, source: Source | None) -> bool:
        row = _row(job)
        if source is not None:
            row |= {"source_url": source.url, "source_size": source.size, "source_expires_at": source.expires_at}
        try:
            async with self._transaction() as records:
                await records.execute(insert(jobs).values(row))
                await records.execute(insert(attempts).values(_attempt(job.id, FIRST)))
        except IntegrityError:
            return False
        except TROUBLE as error:
            log.exception("job %s: it could not be written into the records", job.id)
            raise Refused(problem("records_unavailable")) from error
        return True

    async def queued(self, job_id: str, sha256: str | None) -> None:
        first = (attempts.c.job_id == job_id) & (attempts.c.queueing == FIRST)
        await self._note(
            job_id,
            update(jobs).where(_open(job_id)).values(state=JobState.QUEUED, source_sha256=sha256),
            update(attempts).where(first).values(queued_at=self._clock()),
        )

    async def refused(self, job_id: str, problem: Problem) -> None:
        closed = {
            "state": JobState.REFUSED,
            "refusal": problem.code,
            "source_url": None,
            "finished_at": self._clock(),
        }
        await self._note(job_id, update(jobs).where(_open(job_id)).values(closed))

    async def opened(self, job_id: str, thread: int) -> None:
        await self._note(job_id, update(jobs).where(jobs.c.id == job_id).values(thread_id=thread))

    async def closed(self, job_id: str) -> Closed | None:
        wanted = select(jobs).where(jobs.c.id == job_id, jobs.c.state.not_in(OPEN))
        try:
            async with self._transaction() as records:
                row = (await records.execute(wanted)).one_or_none()
        except TROUBLE:
            log.warning("job %s: its record could not be read", job_id, exc_info=True)
            return None
        if row is None:
            return None
        if row.answer_channel_id is None:
            return Closed(None)
        private = row.answer_channel_id not in {row.channel_id, row.message_id, row.thread_id}
        return Closed(Told(row.answer_channel_id, row.answer_message_id, private=private))

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
        try:
            async with self._transaction() as records:
                if not (await records.execute(update(jobs).where(_open(job_id)).values(closed))).rowcount:
                    if (await records.execute(select(jobs.c.id).where(jobs.c.id == job_id))).one_or_none():
                        return
                    # the operator's retry of a job that was set aside is not asked for in Discord
                    await records.execute(insert(jobs).values(_row(standing.job) | closed))
                    await records.execute(insert(attempts).values(_attempt(job_id, FIRST)))
                await records.execute(insert(outcomes).values(ending | {"job_id": job_id}))
                await records.execute(_counted(standing))
        except TROUBLE:
            log.warning("job %s: its end could not be written into the records", job_id, exc_info=True)

    async def open_records(self) -> Sequence[Record]:
        last = select(attempts.c.job_id, func.max(attempts.c.queueing).label("queueing")).group_by(attempts.c.job_id)
        newest = last.subquery()
        whole = (
            select(jobs, attempts)
            .join(attempts, attempts.c.job_id == jobs.c.id)
            .join(newest, (newest.c.job_id == attempts.c.job_id) & (newest.c.queueing == attempts.c.queueing))
            .where(jobs.c.state.in_(OPEN))
            .order_by(jobs.c.accepted_at, jobs.c.id)
        )
        async with self._transaction() as records:
            rows = (await records.execute(whole)).all()
        return [record for row in rows if (record := _record(row))]

    async def seen(self, standings: Collection[Standing]) -> None:
        async with self._transaction() as records:
            for standing in standings:
                await records.execute(_counted(standing))

    async def repeat(self, job_id: str) -> bool:
        try:
            async with self._transaction() as records:
                await records.execute(insert(attempts).values(_attempt(job_id, REPEAT, self._clock())))
        except IntegrityError:
            return False
        return True

    async def not_repeated(self, job_id: str) -> None:
        async with self._transaction() as records:
            repeat = (attempts.c.job_id == job_id) & (attempts.c.queueing == REPEAT)
            await records.execute(delete(attempts).where(repeat))

    async def _note(self, job_id: str, *statements: Any) -> None:
        try:
            async with self._transaction() as records:
                for statement in statements:
                    await records.execute(statement)
        except TROUBLE:
            log.warning("job %s: its record could not be written; reconciling mends it", job_id, exc_info=True)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with asyncio.timeout(DEADLINE), self._engine.begin() as connection:
            yield connection


def _row(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "job": job.model_dump_json(),
        "model": job.request.model,
        "requester_id": job.requester.id,
        "guild_id": job.place.guild,
        "channel_id": job.place.channel,
        "message_id": job.place.message,
        "state": JobState.ACCEPTED,
        "accepted_at": job.accepted_at,
    }


def _open(job_id: str) -> Any:
    return (jobs.c.id == job_id) & jobs.c.state.in_(OPEN)


def _attempt(job_id: str, queueing: int, at: float | None = None) -> dict[str, Any]:
    return {"job_id": job_id, "queueing": queueing, "queued_at": at, "claims": 0, "calls": 0, "doubts": 0}


def _counted(standing: Standing) -> Any:
    """The counters of a standing, written to the newest attempts of its job."""
    job_id = standing.job.id
    every = attempts.alias()
    newest = select(func.max(every.c.queueing)).where(every.c.job_id == job_id).scalar_subquery()
    counts = {"claims": standing.claims, "calls": standing.calls, "doubts": standing.doubts}
    return update(attempts).where(attempts.c.job_id == job_id, attempts.c.queueing == newest).values(counts)


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
        thread=row.thread_id,
        repeated=row.queueing == REPEAT,
        claims=row.claims,
        calls=row.calls,
        doubts=row.doubts,
    )


__all__ = ["Records", "RecordsUnusableError"]
