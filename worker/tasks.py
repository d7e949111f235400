"""The two tasks. A ticket names no job: it says there is work, and the claim decides which.

Promises: a ticket too many does nothing; a lost ticket is sent again by the sweep; a task never raises for what a job
or Redis does; nothing is repeated by Celery. At most one picture is decoded a core at a time, however many tickets
there are.
"""

import logging
import threading
from collections.abc import Callable

from celery import Celery

from shared.catalogue import Catalogue
from shared.outcome import Failed
from shared.problems import make_problem
from shared.queue.stages import TASK_NAMES, Stage
from worker.generate import GenerateJob
from worker.ports import Claim, JobQueue, QueueUnavailableError
from worker.prepare import prepare_job

log = logging.getLogger(__name__)


class Tasks:
    """What a ticket sets going. `cores` is how many pictures may be decoded at the same time."""

    def __init__(self, queue: JobQueue, catalogue: Catalogue, generate_job: GenerateJob, *, cores: int) -> None:
        self._queue = queue
        self._catalogue = catalogue
        self._generate_job = generate_job
        self._decode_slots = threading.Semaphore(cores)
        self._draining = threading.Event()

    def register(self, app: Celery) -> None:
        """Give the tasks to a Celery app under the names that tickets carry."""
        app.task(name=TASK_NAMES[Stage.PREPARE], ignore_result=True)(self.prepare)
        app.task(name=TASK_NAMES[Stage.GENERATE], ignore_result=True)(self.generate)

    def drain(self) -> None:
        """Claim nothing more: what runs may end, what waits is another worker's."""
        self._draining.set()

    def prepare(self) -> None:
        """Prepare jobs until none waits, unless every core is at it already."""
        while self._decode_slots.acquire(blocking=False):
            try:
                if not self._run_claimed_job(
                    Stage.PREPARE, lambda claim: prepare_job(self._queue, self._catalogue, claim)
                ):
                    return
            finally:
                self._decode_slots.release()

    def generate(self) -> None:
        """Generate the fairest waiting job, if one may run now."""
        self._run_claimed_job(Stage.GENERATE, self._generate_job.run)

    def _run_claimed_job(self, stage: Stage, handler: Callable[[Claim], None]) -> bool:
        try:
            claim = None if self._draining.is_set() else self._queue.claim(stage)
        except QueueUnavailableError as away:
            log.warning("no job of %s could be claimed: %s", stage, away)
            return False
        if claim is None:
            return False
        try:
            handler(claim)
        except QueueUnavailableError as away:
            log.warning("job %s: given back before its call: %s", claim.job.id, away)
            self._queue.return_claim(claim)
        except Exception:  # a fault of ours must end in words for its owner, not in a lost job
            log.exception("job %s: a fault of our own", claim.job.id)
            self._queue.finish(claim, Failed(problem=make_problem("internal")))
        return True
