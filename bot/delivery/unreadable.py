"""Outcomes that this release cannot read: the person is told in words, and a picture that was paid for is held.

An outcome without a picture ends as a failure, in words. One with a picture stays in the stream for a release that can
read it, and the status message says so; when the picture has expired, it ends in words, too.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

from bot.delivery.ports import DeliveryStore, OutcomeStream, StatusMessageFinalizer
from bot.domain.status import JobStatus, OutcomeEntry, QueueState
from bot.domain.unreadable import UnreadableJob
from shared.i18n.messages import load_messages
from shared.job import Job
from shared.outcome import Failed
from shared.problems import make_problem

log = logging.getLogger(__name__)

RECHECK_SECONDS: Final = 60.0


class UnreadableOutcomes:
    """Decides about outcomes that cannot be read, and holds those that have a picture. `clock` is monotonic."""

    def __init__(
        self,
        queue: OutcomeStream,
        store: DeliveryStore,
        status_messages: StatusMessageFinalizer,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._store = store
        self._status_messages = status_messages
        self._clock = clock
        self._held: dict[str, tuple[float, OutcomeEntry]] = {}
        self._notified_ids: set[str] = set()

    def pop_due_entries(self) -> list[OutcomeEntry]:
        """Return the held entries whose pictures are to be looked for again, and hold them no longer."""
        now = self._clock()
        due = [entry for due_at, entry in self._held.values() if due_at <= now]
        for entry in due:
            del self._held[entry.entry_id]
        return due

    async def resolve(self, entry: OutcomeEntry, unreadable: UnreadableJob) -> JobStatus | None:
        """Return a status that can be delivered in words; None if the outcome is held, or nobody can be told.

        Raises the errors of the queue.
        """
        job = await self._find_job(unreadable)
        has_picture = await self._queue.load_result_image(entry.job_id) is not None
        if has_picture or (job is None and unreadable.state is not QueueState.DELIVERED):
            self._held[entry.entry_id] = (self._clock() + RECHECK_SECONDS, entry)
            await self._notify_once(entry.job_id, job, has_picture=has_picture)
            return None
        if job is None:
            await self._queue.acknowledge_outcome(entry, unreadable.message_id)
            return None
        return _build_status(unreadable, job)

    async def _find_job(self, unreadable: UnreadableJob) -> Job | None:
        if unreadable.job is not None:
            return unreadable.job
        owner = unreadable.owner or await self._store.load_owner(unreadable.job_id)
        return None if owner is None else owner.build_substitute_job(unreadable.job_id)

    async def _notify_once(self, job_id: str, job: Job | None, *, has_picture: bool) -> None:
        if job_id in self._notified_ids:
            return
        self._notified_ids.add(job_id)
        log.critical(
            "job %s: its outcome cannot be read by this release; it is held, %s, %s. Run the release that wrote it",
            job_id,
            "with the picture that was paid for" if has_picture else "without a picture",
            "and nobody could be told, as its requester cannot be read" if job is None else "its requester is told",
        )
        if job is not None and job.has_status_message:
            text = load_messages(job.locale).text("status.unreadable")
            await self._status_messages.finalize_message(job, text)


def _build_status(unreadable: UnreadableJob, job: Job) -> JobStatus:
    """Build the status of a job that ends in words. If its outcome is unreadable, so is whether its calls were paid."""
    outcome = unreadable.outcome
    return JobStatus(
        job=job,
        state=unreadable.state or QueueState.FINISHED,
        position=0,
        estimated_seconds=0,
        state_since=unreadable.state_since,
        thread_id=unreadable.thread_id,
        outcome=outcome or Failed(problem=make_problem("unreadable")),
        message_id=unreadable.message_id,
        calls=unreadable.calls,
        unknown_calls=0 if outcome else unreadable.calls,
    )
