"""Counts the events of the bot in the instruments of prometheus-client."""

import time
from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry

from bot.domain.events import Events
from bot.domain.status import JobStatus
from bot.metrics import definitions as d
from shared.job import Job
from shared.metrics.definition import REDIS_ERRORS
from shared.metrics.instruments import create_counter, create_histogram
from shared.outcome import Failed
from shared.problems import Problem

COMPONENT: Final = "bot"


class EventRecorder(Events):
    """Counts what it is told. Ages are measured by this machine's clock and are 0 at the least."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._accepted = create_counter(d.ACCEPTED, registry)
        self._refused = create_counter(d.REFUSED, registry)
        self._delivered = create_counter(d.DELIVERED, registry)
        self._job_duration = create_histogram(d.JOB_DURATION, registry)
        self._delivery_duration = create_histogram(d.DELIVERY_DURATION, registry)
        self._delivery_failures = create_counter(d.DELIVERY_FAILURES, registry)
        self._discord_requests = create_counter(d.DISCORD_REQUESTS, registry)
        self._discord_duration = create_histogram(d.DISCORD_DURATION, registry)
        self._loop_lag = create_histogram(d.LOOP_LAG, registry)
        self._redis_errors = create_counter(REDIS_ERRORS, registry)

    def note_acceptance(self, job: Job) -> None:
        """Count an accepted job."""
        self._accepted.labels(job.request.model, job.priority.value).inc()

    def note_refusal(self, problems: Sequence[Problem]) -> None:
        """Count each problem."""
        for problem in problems:
            self._refused.labels(problem.code).inc()

    def note_delivery(self, status: JobStatus) -> None:
        """Count an outcome, and measure how long it took."""
        job, outcome, now = status.job, status.outcome, time.time()
        if outcome is None:
            return
        problem = outcome.problem.code if isinstance(outcome, Failed) else ""
        self._delivered.labels(outcome.kind, job.request.model, problem).inc()
        self._job_duration.labels(job.priority.value).observe(max(0.0, now - job.accepted_at))
        self._delivery_duration.observe(max(0.0, now - status.state_since))

    def note_delivery_failure(self, error: BaseException) -> None:
        """Count a failed attempt by the class of its error."""
        self._delivery_failures.labels(type(error).__name__).inc()

    def note_discord_request(self, status: str, seconds: float) -> None:
        """Count a request to Discord; `status` is its HTTP status, or "error"."""
        self._discord_requests.labels(status).inc()
        self._discord_duration.observe(seconds)

    def note_loop_lag(self, seconds: float) -> None:
        """Measure by how much the event loop was late."""
        self._loop_lag.observe(seconds)

    def note_redis_error(self, kind: str) -> None:
        """Count an error of Redis."""
        self._redis_errors.labels(COMPONENT, kind).inc()
