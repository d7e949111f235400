"""The health of the worker, as its maintenance finds it: for its heartbeat file, /healthz and /readyz."""

import threading
import time
from collections.abc import Callable
from typing import Final

from shared.health import HealthReport

MAX_ROUND_SECONDS: Final = 60.0
"""A round lasts for seconds at most: its commands have time limits, and the first that fails ends it."""

MAX_FAILURE_SECONDS: Final = 10.0
"""How long rounds may fail before the worker counts as not ready. A lease is lost after 30 s by default."""


class WorkerHealth:
    """Remembers when maintenance began a round and finished one, and whether tickets were fetched then.

    `is_draining` tells whether the worker is about to end. Threads may share it. `clock` gives seconds.
    """

    def __init__(self, is_draining: Callable[[], bool], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._is_draining = is_draining
        self._clock = clock
        self._lock = threading.Lock()
        self._begun_at: float | None = None
        self._succeeded_at = float("-inf")
        self._is_consuming = True

    def record_round(self) -> None:
        """Note that a round of maintenance begins."""
        with self._lock:
            self._begun_at = self._clock()

    def record_success(self, *, is_consuming: bool) -> None:
        """Note that a round succeeded, and whether tickets are fetched."""
        with self._lock:
            self._succeeded_at = self._clock()
            self._is_consuming = is_consuming

    def measure_success_age(self) -> float:
        """Measure the seconds since a round succeeded; infinite if none ever did."""
        return self._clock() - self._succeeded_at

    def report_health(self) -> HealthReport:
        """Report on the process itself: a fault that only a restart can mend. Redis is none."""
        with self._lock:
            is_turning = self._begun_at is None or self._clock() - self._begun_at < MAX_ROUND_SECONDS
            return HealthReport({"maintenance": is_turning, "consumer": self._is_consuming})

    def report_readiness(self) -> HealthReport:
        """Report whether jobs can be done."""
        health = self.report_health()
        if self._begun_at is None:
            return HealthReport({"started": False}, failure="starting")
        is_redis_answering = self.measure_success_age() < MAX_FAILURE_SECONDS
        checks = {**health.checks, "redis": is_redis_answering, "claiming": not self._is_draining()}
        return HealthReport(checks, failure="not ready")
