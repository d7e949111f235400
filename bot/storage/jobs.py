"""The records database over SQLAlchemy: each verb is one short transaction that begins with what it writes."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Row, Update, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.domain.images import RemoteImage, StoredImage
from bot.domain.messages import MessageRef
from bot.domain.records import ClosedRecord, OpenJobRecord
from bot.domain.status import JobStatus
from bot.storage.database import DATABASE_ERRORS, Database, DatabaseSetupError
from bot.storage.migrate import migrate_database
from bot.storage.tables import OPEN_STATES, RecordState, jobs, outcomes, queue_entries
from shared.catalogue import Catalogue, Model
from shared.job import Job
from shared.outcome import Failed, Filtered, FilteredPart, Generated
from shared.problems import Problem, RejectedError, make_problem
from shared.prompts import build_search_text

log = logging.getLogger(__name__)

FIRST_ENTRY, REPEAT_ENTRY = 1, 2

# What every job asks for, made once: building a statement takes as long as executing it. Each is of the job `which`.
_JOB_ID: Final[BindParameter[str]] = bindparam("which")
_PARENT_ID: Final = select(jobs.c.id).where(jobs.c.id == bindparam("parent")).scalar_subquery()  # if it is known at all
_INSERT_JOB: Final = insert(jobs).values(parent_id=_PARENT_ID)
_INSERT_QUEUE_ENTRY: Final = insert(queue_entries)
_INSERT_OUTCOME: Final = insert(outcomes)
_UPDATE_JOB: Final = update(jobs).where(jobs.c.id == _JOB_ID)
_IS_OPEN: Final = or_(*(jobs.c.state == state for state in OPEN_STATES))  # `in_` is written out anew at each execution
_UPDATE_OPEN_JOB: Final = _UPDATE_JOB.where(_IS_OPEN)
_SELECT_CLOSED_JOB: Final = select(jobs).where(jobs.c.id == _JOB_ID, ~_IS_OPEN)
_UPDATE_QUEUE_ENTRIES: Final = update(queue_entries).where(queue_entries.c.job_id == _JOB_ID)
_UPDATE_FIRST_ENTRY: Final = _UPDATE_QUEUE_ENTRIES.where(queue_entries.c.entry_number == FIRST_ENTRY)
_ALL_ENTRIES: Final = queue_entries.alias()
_NEWEST_ENTRY_NUMBER: Final = (
    select(func.max(_ALL_ENTRIES.c.entry_number)).where(_ALL_ENTRIES.c.job_id == _JOB_ID).scalar_subquery()
)
_UPDATE_NEWEST_ENTRY: Final = _UPDATE_QUEUE_ENTRIES.where(queue_entries.c.entry_number == _NEWEST_ENTRY_NUMBER)
_NEWEST_ENTRY_NUMBER_OF_JOB: Final = (
    select(func.max(_ALL_ENTRIES.c.entry_number)).where(_ALL_ENTRIES.c.job_id == jobs.c.id).scalar_subquery()
)
_SELECT_OPEN_JOBS: Final = (
    select(jobs, queue_entries)
    .join_from(jobs, queue_entries, queue_entries.c.job_id == jobs.c.id)
    .where(jobs.c.state.in_(OPEN_STATES), queue_entries.c.entry_number == _NEWEST_ENTRY_NUMBER_OF_JOB)
    .order_by(jobs.c.accepted_at, jobs.c.id)
)


class SqlJobStore:
    """The records of jobs in SQLite or PostgreSQL.

    `clock` gives Unix seconds.
    """

    def __init__(self, url: str, *, catalogue: Catalogue, clock: Callable[[], float] = time.time) -> None:
        """Read the address. Raises `DatabaseSetupError`."""
        self.database = Database(url)
        self._catalogue = catalogue
        self._clock = clock

    async def migrate(self) -> None:
        """Bring the tables to this release's schema. Raises `DatabaseSetupError`."""
        await asyncio.to_thread(migrate_database, self.database.url)

    async def ping(self) -> None:
        """Ask the database for nothing. Raises what SQLAlchemy does when it does not answer."""
        await self.database.run_transaction(lambda records: records.execute(select(1)))

    async def close(self) -> None:
        """Give the connections back."""
        await self.database.close()

    async def add_job(self, job: Job, image: RemoteImage | StoredImage | None) -> bool:
        row = _build_job_row(job)
        match image:
            case RemoteImage():
                row |= {
                    "source_url": image.url,
                    "source_size_bytes": image.size_bytes,
                    "source_expires_at": image.expires_at,
                }
            case StoredImage():
                row |= {"source_sha256": image.sha256}

        def work(records: Connection) -> None:
            records.execute(_INSERT_JOB, row)
            records.execute(_INSERT_QUEUE_ENTRY, _build_queue_entry_row(job.id, FIRST_ENTRY))

        try:
            await self.database.run_transaction(work)
        except IntegrityError:
            return False
        except DATABASE_ERRORS as error:
            log.exception("job %s: it could not be written into the records", job.id)
            raise RejectedError(make_problem("records_unavailable")) from error
        return True

    async def mark_queued(self, job_id: str, sha256: str | None) -> None:
        queued = {"state": RecordState.QUEUED, "source_sha256": sha256}
        await self._update_record(
            job_id, (_UPDATE_OPEN_JOB, queued), (_UPDATE_FIRST_ENTRY, {"queued_at": self._clock()})
        )

    async def mark_rejected(self, job_id: str, problem: Problem) -> None:
        closed = {
            "state": RecordState.REJECTED,
            "rejection_code": problem.code,
            "source_url": None,
            "finished_at": self._clock(),
        }
        await self._update_record(job_id, (_UPDATE_OPEN_JOB, closed))

    async def load_closed_record(self, job_id: str) -> ClosedRecord | None:
        try:
            row = await self.database.run_transaction(
                lambda records: records.execute(_SELECT_CLOSED_JOB, {"which": job_id}).one_or_none()
            )
        except DATABASE_ERRORS:
            log.warning("job %s: its record could not be read", job_id, exc_info=True)
            return None
        return None if row is None else ClosedRecord(get_message_ref(row))

    async def mark_delivered(self, status: JobStatus, message: MessageRef | None) -> None:
        job_id, now = status.job.id, self._clock()
        closed = {
            "state": RecordState.DELIVERED,
            "source_url": None,
            "finished_at": status.state_since,
            "delivered_at": now,
            "outcome_channel_id": message.channel_id if message else None,
            "outcome_message_id": message.message_id if message else None,
        }
        if status.thread_id is not None:
            closed["thread_id"] = status.thread_id
        ending = _build_outcome_row(status, self._catalogue.models.get(status.job.request.model))

        def work(records: Connection) -> None:
            if not records.execute(_UPDATE_OPEN_JOB, closed | {"which": job_id}).rowcount:
                if records.execute(select(jobs.c.id).where(jobs.c.id == job_id)).one_or_none():
                    return
                # the operator's retry of a job that was set aside is not asked for in Discord
                records.execute(_INSERT_JOB, _build_job_row(status.job) | closed)
                records.execute(_INSERT_QUEUE_ENTRY, _build_queue_entry_row(job_id, FIRST_ENTRY))
            records.execute(_INSERT_OUTCOME, ending | {"job_id": job_id})
            records.execute(_UPDATE_NEWEST_ENTRY, _build_counts_row(status))

        try:
            await self.database.run_transaction(work)
        except DATABASE_ERRORS:
            log.warning("job %s: its end could not be written into the records", job_id, exc_info=True)

    async def list_open_records(self) -> Sequence[OpenJobRecord]:
        rows = await self.database.run_transaction(lambda records: records.execute(_SELECT_OPEN_JOBS).all())
        return [record for row in rows if (record := _parse_open_job(row))]

    async def save_progress(self, statuses: Collection[JobStatus]) -> None:
        counts = [_build_counts_row(standing) for standing in statuses]
        threads = [{"which": one.job.id, "thread_id": one.thread_id} for one in statuses if one.thread_id is not None]

        def work(records: Connection) -> None:
            records.execute(_UPDATE_NEWEST_ENTRY, counts)
            if threads:
                records.execute(_UPDATE_JOB, threads)

        await self.database.run_transaction(work)

    async def mark_requeued(self, job_id: str) -> bool:
        again = _build_queue_entry_row(job_id, REPEAT_ENTRY, self._clock())
        try:
            await self.database.run_transaction(lambda records: records.execute(_INSERT_QUEUE_ENTRY, again))
        except IntegrityError:
            return False
        return True

    async def unmark_requeued(self, job_id: str) -> None:
        repeat = (queue_entries.c.job_id == job_id) & (queue_entries.c.entry_number == REPEAT_ENTRY)
        await self.database.run_transaction(lambda records: records.execute(delete(queue_entries).where(repeat)))

    async def _update_record(self, job_id: str, *changes: tuple[Update, dict[str, Any]]) -> None:
        def work(records: Connection) -> None:
            for change, values in changes:
                records.execute(change, values | {"which": job_id})

        try:
            await self.database.run_transaction(work)
        except DATABASE_ERRORS:
            log.warning("job %s: its record could not be written; reconciling mends it", job_id, exc_info=True)


def get_message_ref(row: Row[Any]) -> MessageRef | None:
    """Where the answer of a row of jobs stands; None where it was told nowhere."""
    if row.outcome_channel_id is None:
        return None
    elsewhere = row.outcome_channel_id not in {row.channel_id, row.status_message_id, row.thread_id}
    private = elsewhere or Job.model_validate_json(row.job_json).origin.is_direct_message
    return MessageRef(row.outcome_channel_id, row.outcome_message_id, is_private=private)


def _build_job_row(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "parent": job.parent_id,
        "search_text": build_search_text(job.request.text_prompts),
        "job_json": job.model_dump_json(),
        "model": job.request.model,
        "requester_id": job.requester.id,
        "guild_id": job.origin.guild_id,
        "channel_id": job.origin.channel_id,
        "status_message_id": job.origin.message_id,
        "state": RecordState.ACCEPTED,
        "accepted_at": job.accepted_at,
    }


def _build_queue_entry_row(job_id: str, entry_number: int, queued_at: float | None = None) -> dict[str, Any]:
    return {
        "job_id": job_id,
        "entry_number": entry_number,
        "queued_at": queued_at,
        "claims": 0,
        "calls": 0,
        "unknown_calls": 0,
    }


def _build_counts_row(status: JobStatus) -> dict[str, Any]:
    """The counters of a standing, for the newest attempts of its job."""
    counts = {"claims": status.claims, "calls": status.calls, "unknown_calls": status.unknown_calls}
    return counts | {"which": status.job.id}


def _build_outcome_row(status: JobStatus, model: Model | None) -> dict[str, Any]:
    """A row of outcomes. What was painted is taken to be paid for, also when a filter then withheld it.

    https://aws.amazon.com/bedrock/pricing/ names a price for each picture generated.
    """
    price = model.price_usd if model else None
    outcome = status.outcome
    match outcome:
        case Generated(seed=seed, duration_seconds=seconds):
            return {"kind": outcome.kind, "seed": seed, "duration_seconds": seconds, "cost_usd": price}
        case Filtered(part=side, duration_seconds=seconds):
            cost = price if side is FilteredPart.OUTPUT else 0.0
            return {"kind": outcome.kind, "filtered_part": side, "duration_seconds": seconds, "cost_usd": cost}
        case Failed(problem=wrong):
            return {"kind": outcome.kind, "problem_code": wrong.code, "cost_usd": None if status.unknown_calls else 0.0}
        case _:
            return {"kind": "unknown"}


def _parse_open_job(row: Row[Any]) -> OpenJobRecord | None:
    try:
        job = Job.model_validate_json(row.job_json)
    except ValueError:
        log.exception("job %s: its record cannot be read by this release", row.id)
        return None
    return OpenJobRecord(
        job=job,
        is_queued=row.state == RecordState.QUEUED,
        remote_image=RemoteImage(row.source_url, row.source_size_bytes) if row.source_url else None,
        upload_sha256=row.source_sha256,
        thread_id=row.thread_id,
        is_requeued=row.entry_number == REPEAT_ENTRY,
        claims=row.claims,
        calls=row.calls,
        unknown_calls=row.unknown_calls,
    )


__all__ = ["DatabaseSetupError", "SqlJobStore"]
