"""What the queue forgot is asked for again, or told: at the start and on a timer, records and queue are compared.

A job that the queue knows is its own. One that it does not know was in a Redis that lost its data, or was never
queued because the bot died first. Whether its call was made, and paid for, nobody knows; so it is queued once more
and never a third time: its fate is then an apology. An answer that stands in Discord already closes its record.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from bot.domain.errors import QueueResultUnknownError
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.messages import MessageRef
from bot.domain.records import OpenJobRecord
from bot.domain.status import JobStatus, QueueState
from bot.queue.job_queue import RedisJobQueue
from bot.storage.jobs import SqlJobStore
from shared.outcome import Failed, Outcome
from shared.problems import Problem, RejectedError, make_problem

log = logging.getLogger(__name__)

RECONCILE_INTERVAL_SECONDS: Final = 60.0
ENQUEUE_GRACE_SECONDS: Final = 120.0  # longer than a picture takes to be fetched, and to wait for its turn to be
MAX_CONCURRENT_REPAIRS: Final = 4
BATCH_SIZE: Final = 200
DEFAULT_URL_TTL_SECONDS: Final = 86400.0  # how long an attachment's address lives that does not say so
_TRANSIENT_CODES: Final = frozenset({"no_room", "queue_unreachable", "attachment_unreachable", "records_unavailable"})


class OutcomeDelivery(Protocol):
    """Saying how a job ended; `bot.delivery` does it."""

    async def deliver_outcome(self, status: JobStatus) -> MessageRef | None:
        """Say it once, write down where, bring the status message to its end. None when there is nowhere left."""
        ...

    async def find_outcome_message(self, status: JobStatus) -> MessageRef | None:
        """Look for an answer that was posted since `standing.since`."""
        ...


class Reconciler:
    """Compares records and queue every `period` seconds.

    A record of this process's time that was never queued is left alone for `grace` seconds: its command may be at
    work. An older one is of a bot that is gone. `kept` finds a picture by the hash of its upload, `fetch` downloads one
    again; both raise `RejectedError`. `clock` gives Unix seconds.
    """

    def __init__(
        self,
        store: SqlJobStore,
        queue: RedisJobQueue,
        delivery: OutcomeDelivery,
        fetch_image: Callable[[RemoteImage], Awaitable[bytes]],
        *,
        load_stored_image: Callable[[str], Awaitable[StoredImage | None]] | None = None,
        interval_seconds: float = RECONCILE_INTERVAL_SECONDS,
        grace_seconds: float = ENQUEUE_GRACE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._queue = queue
        self._delivery = delivery
        self._fetch_image = fetch_image
        self._load_stored_image = load_stored_image
        self._interval_seconds = interval_seconds
        self._grace_seconds = grace_seconds
        self._clock = clock
        self._started = clock()
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_REPAIRS)

    async def run(self) -> None:
        """Compare until cancelled. A failed round is logged, the next one starts afresh."""
        while True:
            try:
                await self.run_once()
            except Exception:
                log.exception("records and queue could not be compared; the next round tries again")
            await asyncio.sleep(self._interval_seconds)

    async def run_once(self) -> None:
        """One round over all open records. Raises what the records or the queue raise."""
        records = await self._store.list_open_records()
        for start in range(0, len(records), BATCH_SIZE):
            await self._reconcile_batch(records[start : start + BATCH_SIZE])

    async def _reconcile_batch(self, records: Sequence[OpenJobRecord]) -> None:
        known = {s.job.id: s for s in await self._queue.load_statuses([record.job.id for record in records])}
        moved = []
        for record in records:
            standing = known.get(record.job.id)
            if standing is None:
                continue
            if standing.state is QueueState.DELIVERED:
                await self._store.mark_delivered(standing, _build_message_ref(standing))
            elif _has_progressed(record, standing):
                moved.append(standing)
        if moved:
            await self._store.save_progress(moved)
        forgotten = [record for record in records if record.job.id not in known and self._is_due(record)]
        await asyncio.gather(*(self._repair_record(record) for record in forgotten))

    def _is_due(self, record: OpenJobRecord) -> bool:
        asked = record.job.accepted_at
        gone = asked < self._started or self._clock() - asked > self._grace_seconds
        return record.is_queued or record.is_requeued or gone

    async def _repair_record(self, record: OpenJobRecord) -> None:
        try:
            async with self._slots:
                await self._close_or_requeue(record)
        except Exception:
            log.exception("job %s: its record stays open, the next round tries again", record.job.id)

    async def _close_or_requeue(self, record: OpenJobRecord) -> None:
        job = record.job
        standing = _build_status(record, QueueState.QUEUED, state_since=job.accepted_at)
        told = await self._delivery.find_outcome_message(standing)
        if told is not None:
            log.warning("job %s: its answer stands in Discord, the record of it was lost", job.id)
            await self._store.mark_delivered(standing, told)
        elif record.is_requeued or record.unknown_calls:
            await self._fail_job(record, make_problem("lost"))
        else:
            try:
                await self._requeue_job(record)
            except RejectedError as refused:
                await self._fail_job(record, refused.problems[0])

    async def _requeue_job(self, record: OpenJobRecord) -> None:
        """Queue the job again, with its id and seed. Raises `RejectedError` with what cannot pass."""
        job = record.job
        try:
            picture = await self._load_source_image(record)
        except RejectedError as refused:
            if refused.problems[0].code not in _TRANSIENT_CODES:
                raise RejectedError(make_problem("forgotten")) from refused
            log.info("job %s: its picture cannot be fetched yet (%s)", job.id, refused.problems[0].code)
            return
        if not await self._store.mark_requeued(job.id):
            return
        try:
            await self._queue.enqueue_job(job, picture, unknown_calls=1)
        except (RejectedError, QueueResultUnknownError) as error:
            await self._store.unmark_requeued(job.id)
            if isinstance(error, RejectedError) and error.problems[0].code not in _TRANSIENT_CODES:
                raise
            log.info("job %s: cannot be queued again yet (%r)", job.id, error)
            return
        log.warning("job %s: the queue had forgotten it; it is queued again", job.id)
        if record.thread_id is not None:
            await self._queue.set_thread(job.id, record.thread_id)

    async def _load_source_image(self, record: OpenJobRecord) -> bytes | None:
        if not record.job.request.has_picture:
            return None
        if (
            record.upload_sha256
            and self._load_stored_image
            and (kept := await self._load_stored_image(record.upload_sha256))
        ):
            return kept.data
        source = record.remote_image
        if source is None or self._clock() >= (source.expires_at or record.job.accepted_at + DEFAULT_URL_TTL_SECONDS):
            raise RejectedError(make_problem("attachment_gone"))
        return await self._fetch_image(source)

    async def _fail_job(self, record: OpenJobRecord, problem: Problem) -> None:
        log.warning("job %s: the queue had forgotten it; the one who asked is told (%s)", record.job.id, problem.code)
        await self._delivery.deliver_outcome(
            _build_status(record, QueueState.FINISHED, self._clock(), Failed(problem=problem))
        )


def _has_progressed(record: OpenJobRecord, status: JobStatus) -> bool:
    """Tell whether the queue knows more of the job than its record says."""
    counted = (status.claims, status.calls, status.unknown_calls) != (record.claims, record.calls, record.unknown_calls)
    return counted or status.thread_id not in {None, record.thread_id}


def _build_status(
    record: OpenJobRecord, state: QueueState, state_since: float, outcome: Outcome | None = None
) -> JobStatus:
    return JobStatus(
        job=record.job,
        state=state,
        position=0,
        estimated_seconds=0,
        state_since=state_since,
        thread_id=record.thread_id,
        outcome=outcome,
        claims=record.claims,
        calls=record.calls,
        unknown_calls=record.unknown_calls,
    )


def _build_message_ref(status: JobStatus) -> MessageRef | None:
    """Where the queue says that it was told: the message is known, its thread is the likely place."""
    place = status.job.origin
    thread = place.channel_id if place.is_in_thread else status.thread_id or place.message_id
    return (
        None if status.message_id is None else MessageRef(thread, status.message_id, is_private=place.is_direct_message)
    )
