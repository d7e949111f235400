"""Tells the operator when jobs wait and no worker is there to take them."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

from bot.domain.status import JobStatus

log = logging.getLogger(__name__)

GRACE_SECONDS: Final = 20.0
"""A worker that is started again, or Redis after an outage, takes a while."""

REPEAT_SECONDS: Final = 600.0


class WorkerAlarm:
    """Logs that no worker is alive, again every ten minutes, and when one is back. `clock` is monotonic, in seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._absent_since: float | None = None
        self._logged_at: float | None = None

    def update(self, statuses: Iterable[JobStatus]) -> None:
        """Look at the open jobs."""
        waiting_count = sum(status.waits_without_worker for status in statuses)
        now = self._clock()
        if not waiting_count:
            if self._logged_at is not None:
                log.warning("a worker is there again, or no job waits any more")
            self._absent_since = self._logged_at = None
            return
        if self._absent_since is None:
            self._absent_since = now
        is_due = self._logged_at is None or now - self._logged_at >= REPEAT_SECONDS
        if now - self._absent_since >= GRACE_SECONDS and is_due:
            self._logged_at = now
            log.critical(
                "no worker is alive and jobs wait (%d): start one on this REDIS_URL (python -m worker), or see its log",
                waiting_count,
            )
