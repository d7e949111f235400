"""Confirms the queue's epoch after Redis has started, was emptied, or came back from an older file.

Until then no worker starts a call: Redis may have jobs waiting that were called, paid for and delivered. The database
knows better. Jobs that it knows as ended end in Redis too, without a call; of the others, calls that Redis does not
know count as calls of unknown fate. The epoch holds until Redis loses it, whether or not a bot runs.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from bot.domain.errors import QueueUnavailableError
from bot.queue.epoch import QueuedCounters, RedisQueueEpoch
from bot.queue.job_queue import RedisJobQueue
from bot.recovery.restored_jobs import RestoredJobs
from bot.storage.queue_epoch import LoggedCall, RecordedCounters, SqlEpochStore
from shared.problems import RejectedError, make_problem
from shared.unreadable import UnreadableRowLog

log = logging.getLogger(__name__)

CHECK_INTERVAL_SECONDS: Final = 5.0
"""How often the epoch is checked that nobody has found lost."""

OUTAGE_RETRY_SECONDS: Final = 0.5
"""When to look again at a Redis or a database that does not answer: it may have lost data when it is back."""
RETRY_SECONDS: Final = 2.0
BATCH_SIZE: Final = 200
MAX_UNKNOWN_CALLS: Final = 1
"""After how many calls of unknown fate a job may still be called."""


class EpochKeeper:
    """Compares the queue with the database whenever Redis has lost the epoch. The leading bot runs it.

    `update_paused_guilds` is called before calls may start, `requeue_lost_jobs` afterwards: it queues the jobs again
    that Redis does not know at all. `restored_jobs` looks further if the database was restored.
    """

    def __init__(
        self,
        queue_epoch: RedisQueueEpoch,
        queue: RedisJobQueue,
        store: SqlEpochStore,
        update_paused_guilds: Callable[[], Awaitable[None]],
        requeue_lost_jobs: Callable[[], Awaitable[None]],
        restored_jobs: RestoredJobs,
    ) -> None:
        self._queue_epoch = queue_epoch
        self._queue = queue
        self._store = store
        self._update_paused_guilds = update_paused_guilds
        self._requeue_lost_jobs = requeue_lost_jobs
        self._restored_jobs = restored_jobs
        self._number: int | None = None
        self._was_confirmed = asyncio.Event()
        self._unreadable_rows = UnreadableRowLog(log)

    async def run(self, wait_for_loss: Callable[[float], Awaitable[None]]) -> None:
        """Check the epoch until cancelled, and whenever `wait_for_loss` returns: after a loss, or so many seconds."""
        self._number = None
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_repeat(self._requeue_after_confirmation, "queueing lost jobs again"))
            wait = partial(wait_for_loss, CHECK_INTERVAL_SECONDS)
            await _repeat(self.run_once, "comparing the queue with the database", wait)

    async def run_once(self) -> None:
        """Confirm the epoch if Redis does not have it. Raises the errors of the database and of Redis."""
        if self._number is None:
            self._number = await self._store.load_epoch()
        epoch = await self._queue_epoch.read_epoch()
        if epoch.is_confirmed and epoch.number == self._number:
            return
        await self._update_paused_guilds()
        is_restored = await self._restored_jobs.is_needed()
        corrected = await self._restored_jobs.compare() if is_restored else 0
        corrected += await self._correct_jobs()
        number = max(self._number, epoch.number) + 1
        await self._store.save_epoch(number)
        if is_restored:
            await self._restored_jobs.mark_done()
        await self._queue_epoch.confirm_epoch(number)
        self._number = number
        log.info("Redis was started, restored or emptied: epoch %d is confirmed, %d jobs corrected", number, corrected)
        self._was_confirmed.set()

    async def record_calls(self) -> None:
        """Record calls in the database as they begin, and those of unknown fate, until cancelled."""
        await _repeat(self.record_calls_once, "recording calls")

    async def record_calls_once(self) -> None:
        """Wait a few seconds at most for calls and record them. Raises the errors of the database and of Redis."""
        entries = await self._queue_epoch.read_calls()
        if not entries:
            return
        await self._store.record_calls([call for entry in entries if (call := self._read_call(*entry))])
        await self._queue_epoch.delete_calls([entry_id for entry_id, _ in entries])

    def _read_call(self, entry_id: bytes, fields: Mapping[bytes, bytes]) -> LoggedCall | None:
        """Read an entry of the log of calls; None if it is none, which keeps no other from being read."""
        try:
            return LoggedCall(
                fields[b"job_id"].decode(),
                int(fields[b"calls"]),
                int(fields.get(b"unknown_calls", 0)),  # 0.1.0 does not log them
                is_late=fields[b"is_late"] == b"1",
            )
        except (KeyError, ValueError) as error:
            self._unreadable_rows.report(f"entry {entry_id!r} of the log of calls", error)
            return None

    async def _requeue_after_confirmation(self) -> None:
        """Queue lost jobs again once calls may start, and without holding the next check: it may take long."""
        await self._was_confirmed.wait()
        self._was_confirmed.clear()
        await self._requeue_lost_jobs()

    async def _correct_jobs(self) -> int:
        job_ids = await self._queue_epoch.list_open_jobs()
        corrected = 0
        for start in range(0, len(job_ids), BATCH_SIZE):
            batch = job_ids[start : start + BATCH_SIZE]
            records = await self._store.load_counters(batch)
            for queued in await self._queue_epoch.load_counters(batch):
                if record := records.get(queued.job_id):
                    corrected += await self._correct_job(queued, record)
        return corrected

    async def _correct_job(self, queued: QueuedCounters, record: RecordedCounters) -> bool:
        """Correct a job in Redis that the database knows better. Return whether there was anything to correct."""
        job_id = queued.job_id
        if not record.is_open:
            log.warning("job %s: Redis has it waiting, but it has ended: it is not called again", job_id)
            await self._queue_epoch.end_delivered_job(job_id, record.message_id)
            return True
        unknown_calls = count_unknown_calls(queued, record)
        if unknown_calls <= queued.unknown_calls and record.calls <= queued.calls:
            return False
        log.warning("job %s: Redis does not know all of its calls: %d of unknown fate", job_id, unknown_calls)
        await self._queue_epoch.restore_counts(
            job_id, claims=record.claims, calls=record.calls, unknown_calls=unknown_calls
        )
        if unknown_calls > MAX_UNKNOWN_CALLS:
            await self._queue.cancel_job(job_id, make_problem("interrupted"))
        return True


def count_unknown_calls(queued: QueuedCounters, record: RecordedCounters) -> int:
    """Count the calls of unknown fate of a job, of which Redis and the database each know a part.

    A job that was queued again began with one. A recorded call that Redis has not seen and that is not among the
    unknown ones was lost with its result.
    """
    calls_before = int(record.is_requeued)
    recorded = max(record.unknown_calls, calls_before)
    is_lost = record.calls > queued.calls and record.calls > recorded - calls_before
    return max(queued.unknown_calls, recorded + is_lost)


async def _repeat(
    step: Callable[[], Awaitable[None]],
    description: str,
    wait: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Repeat a step until cancelled, and `wait` in between. While Redis does not answer, others log that."""
    while True:
        try:
            await step()
        except (QueueUnavailableError, RejectedError) as error:
            log.debug("%s: Redis does not answer (%r)", description, error)
            pause = OUTAGE_RETRY_SECONDS
        except Exception:
            log.exception("%s failed; trying again in %g s", description, RETRY_SECONDS)
            pause = RETRY_SECONDS
        else:
            await (wait() if wait else asyncio.sleep(0))
            continue
        await asyncio.sleep(pause)
