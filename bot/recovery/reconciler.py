"""Compares the open records with the queue, at the start and at intervals, and repairs jobs that the queue lost.

A job is missing in the queue when Redis lost its data, or when the bot died or was cut off before it queued the job.
In the first case, nobody knows whether its call was made and billed. It is therefore queued once more, as a call of
unknown fate; when it is lost again, it fails with an apology. If Redis has lost nothing since the job was recorded, it
was never queued, and is queued for the first time. A job whose outcome is found in Discord is recorded as delivered.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final, Protocol

from bot.domain.errors import QueueResultUnknownError
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.messages import MessageRef
from bot.domain.records import OpenJobRecord
from bot.domain.status import JobStatus, QueueState
from bot.domain.unreadable import UnreadableJob
from bot.periodic import run_every
from bot.queue.job_queue import RedisJobQueue
from bot.storage.jobs import SqlJobStore
from shared.errors import PentimentoError
from shared.job import Job
from shared.log_context import bind_job_id
from shared.outcome import Failed, Outcome
from shared.problems import Problem, RejectedError, make_problem

log = logging.getLogger(__name__)

RECONCILE_INTERVAL_SECONDS: Final = 60.0
ENQUEUE_GRACE_SECONDS: Final = 120.0  # more than downloading a picture takes, including the wait for a free slot
MAX_CONCURRENT_REPAIRS: Final = 4
BATCH_SIZE: Final = 200
DEFAULT_URL_TTL_SECONDS: Final = 86400.0  # for the URL of an attachment that does not say when it expires
_TRANSIENT_CODES: Final = frozenset(
    {"queue_full", "queue_not_writable", "attachment_unreachable", "database_unavailable"}
)


class OutcomeDelivery(Protocol):
    """Posts outcomes in Discord. Implemented by `bot.delivery`."""

    async def deliver_outcome(self, status: JobStatus) -> MessageRef | None: ...

    async def find_outcome_message(self, status: JobStatus) -> MessageRef | None: ...


class Reconciler:
    """Reconciles records and queue every `interval_seconds`.

    A record that was never queued is left alone for `grace_seconds`, because its command may still be at work, unless
    it is older than this process. `load_stored_image` finds the picture of a job by the hash of its upload,
    `fetch_image` downloads one again; both raise `RejectedError`. `has_kept_jobs_since` tells whether Redis certainly
    has all that it accepted since a time. `is_restored` tells whether the queue has yet to be compared with Discord
    after a restore: that counts a call of unknown fate for each job in the queue, so that none is queued before.
    `clock` gives Unix seconds.
    """

    def __init__(
        self,
        store: SqlJobStore,
        queue: RedisJobQueue,
        delivery: OutcomeDelivery,
        fetch_image: Callable[[RemoteImage], Awaitable[bytes]],
        has_kept_jobs_since: Callable[[float], Awaitable[bool]],
        *,
        load_stored_image: Callable[[Job, str], Awaitable[StoredImage | None]] | None = None,
        is_restored: Callable[[], Awaitable[bool]] | None = None,
        interval_seconds: float = RECONCILE_INTERVAL_SECONDS,
        grace_seconds: float = ENQUEUE_GRACE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._queue = queue
        self._delivery = delivery
        self._fetch_image = fetch_image
        self._has_kept_jobs_since = has_kept_jobs_since
        self._load_stored_image = load_stored_image
        self._is_restored = is_restored
        self._interval_seconds = interval_seconds
        self._grace_seconds = grace_seconds
        self._clock = clock
        self._started_at = clock()
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_REPAIRS)
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Reconcile until cancelled."""
        await run_every(self._interval_seconds, self.run_once, "reconciling the records with the queue")

    async def run_once(self) -> None:
        """Reconcile all open records, one round at a time. Raises the errors of the database and of the queue."""
        async with self._lock:
            if self._is_restored is not None and await self._is_restored():
                return
            records = await self._store.list_open_records()
            for start in range(0, len(records), BATCH_SIZE):
                await self._reconcile_batch(records[start : start + BATCH_SIZE])

    async def _reconcile_batch(self, records: Sequence[OpenJobRecord]) -> None:
        job_ids = [record.job.id for record in records]
        statuses = {status.job.id: status for status in await self._queue.load_statuses(job_ids)}
        missing_ids = [job_id for job_id in job_ids if job_id not in statuses]
        unreadable = {row.job_id: row for row in await self._queue.load_unreadable_jobs(missing_ids)}
        progressed = []
        for record in records:
            job_id = record.job.id
            status = statuses.get(job_id) or _salvage_status(record, unreadable.get(job_id))
            if status is None:
                continue
            if status.state is QueueState.DELIVERED:
                await self._store.mark_delivered(status, _build_message_ref(status))
            elif _has_progressed(record, status):
                progressed.append(status)
        if progressed:
            await self._store.save_progress(progressed)
        known_ids = statuses.keys() | unreadable.keys()
        lost = [record for record in records if record.job.id not in known_ids and self._is_due(record)]
        await asyncio.gather(*(self._repair_record(record) for record in lost))

    def _is_due(self, record: OpenJobRecord) -> bool:
        """Tell whether no command can still be about to queue the job."""
        accepted_at = record.job.accepted_at
        is_abandoned = accepted_at < self._started_at or self._clock() - accepted_at > self._grace_seconds
        return record.is_queued or record.is_requeued or is_abandoned

    async def _repair_record(self, record: OpenJobRecord) -> None:
        try:
            async with self._slots:
                with bind_job_id(record.job.id):
                    await self._close_or_requeue(record)
        except PentimentoError as error:
            log.warning("job %s: its record stays open, the next round tries again: %s", record.job.id, error)
        except Exception:
            log.exception("job %s: its record stays open, the next round tries again", record.job.id)

    async def _close_or_requeue(self, record: OpenJobRecord) -> None:
        status = _build_status(record, QueueState.QUEUED, state_since=record.job.accepted_at)
        message = await self._delivery.find_outcome_message(status)
        if message is not None:
            log.warning("job %s: its outcome was found in Discord and is recorded", record.job.id)
            await self._store.mark_delivered(status, message)
        elif not record.is_readable:
            await self._fail_job(record, make_problem("unreadable"))
        elif record.is_requeued or record.unknown_calls:
            await self._fail_job(record, make_problem("interrupted"))
        else:
            try:
                await self._requeue_job(record)
            except RejectedError as error:
                await self._fail_job(record, error.problems[0])

    async def _requeue_job(self, record: OpenJobRecord) -> None:
        """Queue the job, with its id and seed; transient problems are left to the next round.

        Raises `RejectedError` with a problem that is not transient.
        """
        job = record.job
        try:
            image = await self._load_source_image(record)
        except RejectedError as error:
            if error.problems[0].code not in _TRANSIENT_CODES:
                raise RejectedError(make_problem("queue_data_lost")) from error
            log.info("job %s: its picture cannot be downloaded yet (%s)", job.id, error.problems[0].code)
            return
        was_lost = record.calls > 0 or not await self._has_kept_jobs_since(job.accepted_at)
        if was_lost and not await self._store.mark_requeued(job.id):
            return
        try:
            await self._queue.enqueue_job(job, image, unknown_calls=int(was_lost))
        except (RejectedError, QueueResultUnknownError) as error:
            if was_lost:
                await self._store.unmark_requeued(job.id)
            if isinstance(error, RejectedError) and error.problems[0].code not in _TRANSIENT_CODES:
                raise
            log.info("job %s: cannot be queued again yet (%r)", job.id, error)
            return
        if was_lost:
            log.warning("job %s: the queue had lost it; it is queued again", job.id)
        else:
            log.warning("job %s: the queue had never accepted it; it is queued now", job.id)
            await self._store.mark_queued(job.id, record.upload_sha256)
        if record.thread_id is not None:
            await self._queue.set_thread(job.id, record.thread_id)

    async def _load_source_image(self, record: OpenJobRecord) -> bytes | None:
        if not record.job.request.has_picture:
            return None
        if record.upload_sha256 and self._load_stored_image:
            stored_image = await self._load_stored_image(record.job, record.upload_sha256)
            if stored_image is not None:
                return stored_image.data
        image = record.remote_image
        if image is None or self._clock() >= (image.expires_at or record.job.accepted_at + DEFAULT_URL_TTL_SECONDS):
            raise RejectedError(make_problem("attachment_gone"))
        return await self._fetch_image(image)

    async def _fail_job(self, record: OpenJobRecord, problem: Problem) -> None:
        log.warning("job %s: the queue had lost it; it fails (%s)", record.job.id, problem.code)
        outcome = Failed(problem=problem, may_be_billed=record.calls + record.is_requeued > record.unknown_calls)
        status = _build_status(record, QueueState.FINISHED, state_since=self._clock(), outcome=outcome)
        await self._delivery.deliver_outcome(status)


def _has_progressed(record: OpenJobRecord, status: JobStatus) -> bool:
    """Tell whether the queue knows more of the job than its record does."""
    recorded = (record.claims, record.calls, record.unknown_calls)
    is_recorded = (status.claims, status.calls, status.unknown_calls) == recorded
    return not is_recorded or status.thread_id not in {None, record.thread_id}


def _build_status(
    record: OpenJobRecord, state: QueueState, *, state_since: float, outcome: Outcome | None = None
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


def _salvage_status(record: OpenJobRecord, unreadable: UnreadableJob | None) -> JobStatus | None:
    """Return the status of a delivered job that cannot be read, to close its record; open ones are left alone."""
    if unreadable is None or unreadable.state is not QueueState.DELIVERED:
        return None
    status = _build_status(record, QueueState.DELIVERED, state_since=unreadable.state_since)
    return replace(status, thread_id=unreadable.thread_id or record.thread_id, message_id=unreadable.message_id)


def _build_message_ref(status: JobStatus) -> MessageRef | None:
    """Return the message that the queue names; the queue does not know its channel, which is probably the thread."""
    if status.message_id is None:
        return None
    origin = status.job.origin
    channel_id = origin.channel_id if origin.is_in_thread else status.thread_id or origin.message_id
    return MessageRef(channel_id, status.message_id, is_private=origin.is_direct_message)
