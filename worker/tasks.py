"""The two Celery tasks. A ticket names no job: it says that there is work, and the claim decides which.

A surplus ticket does nothing, and the sweep replaces a lost one. A task raises no exception for a job or for Redis, and
Celery repeats nothing. At most one picture for each core is decoded at a time, however many tickets there are.
"""

import logging
import threading
import time
from collections.abc import Callable

from celery import Celery

from shared.catalogue import Catalogue
from shared.log_context import bind_job_id
from shared.outcome import Failed
from shared.problems import make_problem
from shared.queue.stages import TASK_NAMES, Stage
from shared.tracing import NO_TRACER, SpanKind, Tracer, describe_job
from worker.generate import GenerateJob
from worker.ports import Claim, JobQueue, QueueUnavailableError
from worker.prepare import prepare_job

log = logging.getLogger(__name__)


class Tasks:
    """The work that tickets start. `cores` is how many pictures may be decoded at the same time."""

    def __init__(
        self,
        queue: JobQueue,
        catalogue: Catalogue,
        generate_job: GenerateJob,
        *,
        cores: int,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        self._tracer = tracer
        self._queue = queue
        self._catalogue = catalogue
        self._generate_job = generate_job
        self._decode_slots = threading.Semaphore(cores)
        self._draining = threading.Event()

    def register(self, app: Celery) -> None:
        """Register the tasks with a Celery app, under the names that tickets carry."""
        app.task(name=TASK_NAMES[Stage.PREPARE], ignore_result=True)(self.prepare)
        app.task(name=TASK_NAMES[Stage.GENERATE], ignore_result=True)(self.generate)

    def drain(self) -> None:
        """Claim no more jobs. Running jobs may end; waiting ones are left to other workers."""
        self._draining.set()

    @property
    def is_draining(self) -> bool:
        """Whether no more jobs are claimed."""
        return self._draining.is_set()

    def prepare(self) -> None:
        """Prepare jobs until none waits. Does nothing if every core is busy with pictures already."""
        while self._decode_slots.acquire(blocking=False):
            try:
                if not self._run_claimed_job(
                    Stage.PREPARE,
                    lambda claim: prepare_job(
                        self._queue, self._catalogue, claim, keeps_credentials=self._generate_job.signer is not None
                    ),
                ):
                    return
            finally:
                self._decode_slots.release()

    def generate(self) -> None:
        """Generate the job whose turn it is, if one may run now."""
        self._run_claimed_job(Stage.GENERATE, self._generate_job.run)

    def _run_claimed_job(self, stage: Stage, handler: Callable[[Claim], None]) -> bool:
        claimed_from = time.time()
        try:
            claim = None if self.is_draining else self._queue.claim(stage)
        except QueueUnavailableError as error:
            log.warning("no job of stage %s could be claimed: %s", stage, error)
            return False
        if claim is None:
            return False
        attributes = describe_job(claim.job, stage)
        with (
            bind_job_id(claim.job.id),
            self._tracer.start_span(
                stage.value,
                kind=SpanKind.CONSUMER,
                parent=claim.traceparent,
                started_at=claimed_from,
                attributes=attributes,
            ),
        ):
            with self._tracer.start_span("claim", started_at=claimed_from, attributes=attributes):
                pass  # it has ended: whose job it is was known only then
            self._handle_claim(claim, handler)
        return True

    def _handle_claim(self, claim: Claim, handler: Callable[[Claim], None]) -> None:
        try:
            handler(claim)
        except QueueUnavailableError as error:
            log.warning("job %s: returned to the queue before its call: %s", claim.job.id, error)
            self._queue.return_claim(claim)
        except Exception:  # a bug must end with a message for the requester, not with a lost job
            log.exception("job %s: internal error", claim.job.id)
            self._queue.finish(claim, Failed(problem=make_problem("internal")))
