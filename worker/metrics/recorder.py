"""Counts what a worker does: a queue and a client of models that count, and leave the work to those they stand for."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry

from shared.accounts import DEFAULT_ACCOUNT
from shared.catalogue import Model
from shared.job import Job
from shared.metrics.definition import REDIS_ERRORS
from shared.metrics.instruments import create_counter, create_histogram
from shared.outcome import Failed, Outcome
from shared.problems import Problem
from shared.queue.stages import Stage
from shared.request.model import Request
from shared.request.pictures import Pictures
from worker.call_result import BedrockCallError, FilteredResult, GeneratedImage, RetryPolicy
from worker.metrics import definitions as d
from worker.ports import Claim, ImageModelClient, JobQueue

COMPONENT: Final = "worker"


class WorkerRecorder:
    """The instruments. Threads may share it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.prepare_duration = create_histogram(d.PREPARE_DURATION, registry)
        self._call_wait = create_histogram(d.CALL_WAIT, registry)
        self._call_duration = create_histogram(d.CALL_DURATION, registry)
        self._calls = create_counter(d.CALLS, registry)
        self._call_errors = create_counter(d.CALL_ERRORS, registry)
        self._throttled_calls = create_counter(d.THROTTLED_CALLS, registry)
        self._unknown_calls = create_counter(d.UNKNOWN_CALLS, registry)
        self._released_jobs = create_counter(d.RELEASED_JOBS, registry)
        self._finished_jobs = create_counter(d.FINISHED_JOBS, registry)
        self._redis_errors = create_counter(REDIS_ERRORS, registry)

    def note_call_start(self, job: Job, waited_since: float) -> None:
        """Measure how long a job has waited for its call, since this Unix time."""
        self._call_wait.labels(job.priority.value).observe(max(0.0, time.time() - waited_since))

    def note_call(self, model: str, account: str, result: str, seconds: float) -> None:
        """Count and measure a call that has ended in an AWS account."""
        self._calls.labels(model, account, result).inc()
        self._call_duration.labels(model, result).observe(seconds)

    def note_call_error(self, model: str, account: str, error: BedrockCallError) -> None:
        """Count the error of a call in an AWS account."""
        self._call_errors.labels(model, account, error.problem.code).inc()
        if error.is_throttled:
            self._throttled_calls.labels(model, account).inc()
        if error.retry_policy is RetryPolicy.ONCE:
            self._unknown_calls.labels(model, account).inc()

    def note_release(self, job: Job, reason: str) -> None:
        """Count a job that went back to the queue."""
        self._released_jobs.labels(job.request.model, reason).inc()

    def note_outcome(self, claim: Claim, outcome: Outcome) -> None:
        """Count a job that has ended."""
        problem = outcome.problem.code if isinstance(outcome, Failed) else ""
        self._finished_jobs.labels(claim.stage.value, claim.job.request.model, outcome.kind, problem).inc()

    def note_redis_error(self, kind: str) -> None:
        """Count an error of Redis."""
        self._redis_errors.labels(COMPONENT, kind).inc()


class RecordingQueue:
    """A queue whose jobs are counted."""

    def __init__(self, queue: JobQueue, recorder: WorkerRecorder) -> None:
        self._queue = queue
        self._recorder = recorder
        self._lock = threading.Lock()
        self._claimed_at: dict[str, float] = {}

    def claim(self, stage: Stage) -> Claim | None:
        """Claim a job, and remember when."""
        claim = self._queue.claim(stage)
        if claim is not None and stage is Stage.PREPARE:
            with self._lock:
                self._claimed_at[claim.token] = time.perf_counter()
        return claim

    def fetch_upload(self, job_id: str) -> bytes | None:
        """Fetch the uploaded pictures."""
        return self._queue.fetch_upload(job_id)

    def fetch_prepared(self, job_id: str) -> bytes | None:
        """Fetch the prepared pictures."""
        return self._queue.fetch_prepared(job_id)

    def promote(self, claim: Claim, prepared: bytes) -> bool:
        """Promote a job, and measure how long it was prepared."""
        is_moved = self._queue.promote(claim, prepared)
        self._measure_preparation(claim)
        return is_moved

    def start_call(self, claim: Claim) -> bool:
        """Record the start of a call, and measure how long the job has waited for it."""
        is_started = self._queue.start_call(claim)
        if is_started:
            self._recorder.note_call_start(claim.job, max(claim.job.accepted_at, claim.resumed_at))
        return is_started

    def release(self, claim: Claim, *, delay_seconds: float, is_unknown_call: bool, is_throttled: bool) -> bool:
        """Return a job to the queue, and count why."""
        self._forget(claim)
        reason = "throttled" if is_throttled else "unknown_call" if is_unknown_call else "other"
        self._recorder.note_release(claim.job, reason)
        return self._queue.release(
            claim, delay_seconds=delay_seconds, is_unknown_call=is_unknown_call, is_throttled=is_throttled
        )

    def record_failed_call(self, claim: Claim, *, pause_seconds: float) -> None:
        """Count a call that shows an outage."""
        self._queue.record_failed_call(claim, pause_seconds=pause_seconds)

    def return_claim(self, claim: Claim) -> None:
        """Return a job as if it had never been claimed."""
        self._forget(claim)
        self._queue.return_claim(claim)

    def finish(self, claim: Claim, outcome: Outcome, picture: bytes | None = None) -> bool:
        """End a job, and count its outcome if it was stored."""
        is_stored = self._queue.finish(claim, outcome, picture)
        self._measure_preparation(claim)
        if is_stored:
            self._recorder.note_outcome(claim, outcome)
        return is_stored

    def disable_model(self, model: str, account: str, problem: Problem) -> bool:
        """Disable a model in an account."""
        return self._queue.disable_model(model, account, problem)

    def _measure_preparation(self, claim: Claim) -> None:
        claimed_at = self._forget(claim)
        if claimed_at is not None:
            self._recorder.prepare_duration.observe(time.perf_counter() - claimed_at)

    def _forget(self, claim: Claim) -> float | None:
        with self._lock:
            return self._claimed_at.pop(claim.token, None)


@dataclass(frozen=True)
class RecordingClient:
    """A client of models whose calls are measured."""

    client: ImageModelClient
    recorder: WorkerRecorder

    def authorize(self, model: Model, account: str) -> None:
        """Make sure that calls can be signed, and count it if they cannot. Raises `BedrockCallError`."""
        try:
            self.client.authorize(model, account)
        except BedrockCallError as error:
            self.recorder.note_call_error(model.key, account, error)
            raise

    def generate(
        self,
        request: Request,
        model: Model,
        pictures: Pictures,
        seed: int | None,
        metadata: Mapping[str, str] | None = None,
        account: str = DEFAULT_ACCOUNT,
    ) -> GeneratedImage | FilteredResult:
        """Call the model once, and measure it. Raises `BedrockCallError`."""
        started_at = time.perf_counter()
        try:
            result = self.client.generate(request, model, pictures, seed, metadata, account)
        except BedrockCallError as error:
            self.recorder.note_call(model.key, account, "failed", time.perf_counter() - started_at)
            self.recorder.note_call_error(model.key, account, error)
            raise
        name = "generated" if isinstance(result, GeneratedImage) else "filtered"
        self.recorder.note_call(model.key, account, name, time.perf_counter() - started_at)
        return result
