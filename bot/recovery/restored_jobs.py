"""Compares the queue with Discord after the database was restored from a backup.

Neither the database nor a copy of Redis knows what was done since: a job that waits in both may have been called, paid
for and answered. If Discord has the answer, the job ends. Otherwise it may have been called: that counts as a call of
unknown fate, as for jobs that the queue has lost.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from bot.domain.messages import MessageRef
from bot.domain.status import JobStatus, QueueState
from bot.queue.epoch import RedisQueueEpoch
from bot.queue.job_queue import RedisJobQueue
from bot.storage.backup_log import SqlBackupLog
from bot.storage.jobs import SqlJobStore
from shared.problems import make_problem

log = logging.getLogger(__name__)

BATCH_SIZE: Final = 200
MAX_UNKNOWN_CALLS: Final = 1
_ENDED_STATES: Final = frozenset({QueueState.FINISHED, QueueState.DELIVERED})


class RestoredJobs:
    """Ends the jobs of the queue that were answered since the backup, and counts a call of unknown fate for the others.

    `find_outcome_message` finds the message with the outcome of a job in Discord.
    """

    def __init__(
        self,
        backups: SqlBackupLog,
        queue_epoch: RedisQueueEpoch,
        queue: RedisJobQueue,
        job_store: SqlJobStore,
        find_outcome_message: Callable[[JobStatus], Awaitable[MessageRef | None]],
    ) -> None:
        self._backups = backups
        self._queue_epoch = queue_epoch
        self._queue = queue
        self._job_store = job_store
        self._find_outcome_message = find_outcome_message
        self._counted_ids: set[str] = set()

    async def is_needed(self) -> bool:
        """Tell whether the database was restored, and this was not done since. Raises the errors of the database."""
        return await self._backups.is_restored()

    async def mark_done(self) -> None:
        """Remember that this was done. Raises the errors of the database."""
        await self._backups.mark_compared()
        self._counted_ids.clear()

    async def compare(self) -> int:
        """Compare all open jobs of the queue; return how many ended.

        Raises the errors of the database, of Redis and of Discord. It may be repeated; if a bot dies in the middle, the
        next one lets those jobs fail for which a call was counted already.
        """
        job_ids, ended = await self._queue_epoch.list_open_jobs(), 0
        for start in range(0, len(job_ids), BATCH_SIZE):
            ended += await self._compare_batch(job_ids[start : start + BATCH_SIZE])
        log.warning(
            "the database was restored from a backup: the queue was compared with Discord, and %d of %d jobs had "
            "been answered since",
            ended,
            len(job_ids),
        )
        return ended

    async def _compare_batch(self, job_ids: Sequence[str]) -> int:
        ended = 0
        for status in await self._queue.load_statuses(job_ids):
            if status.state in _ENDED_STATES:
                continue  # looked for in Discord before it is posted
            since_accepted = replace(status, state_since=status.job.accepted_at)
            message = await self._find_outcome_message(since_accepted)
            if message is None:
                await self._count_unknown_call(status)
                continue
            log.warning("job %s: it was answered since the backup: it is not called again", status.job.id)
            await self._job_store.mark_delivered(since_accepted, message)
            await self._queue_epoch.end_delivered_job(status.job.id, message.message_id)
            ended += 1
        return ended

    async def _count_unknown_call(self, status: JobStatus) -> None:
        """Count a call that may have been made since the backup; a job that had one already is not called again."""
        if status.job.id in self._counted_ids:
            return
        if status.unknown_calls >= MAX_UNKNOWN_CALLS:
            await self._queue.cancel_job(status.job.id, make_problem("interrupted"))
            return
        await self._queue_epoch.restore_counts(
            status.job.id, claims=status.claims, calls=status.calls + 1, unknown_calls=status.unknown_calls + 1
        )
        self._counted_ids.add(status.job.id)
