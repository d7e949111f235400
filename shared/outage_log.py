"""Log lines about a service that stays out of order: a few, however often it is tried."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

REPEAT_SECONDS: Final = 60.0
_MAX_REASONS: Final = 32


class OutageLog:
    """Logs a failure that lasts once for each new reason, then once a minute, and its end.

    Threads may share it. `recovery` begins the line about the end, as in "leases are renewed"; without it, nobody
    reports the end. `clock` gives seconds.
    """

    def __init__(
        self, logger: logging.Logger, recovery: str = "", *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._logger = logger
        self._recovery = recovery
        self._clock = clock
        self._lock = threading.Lock()
        self._started_at: float | None = None
        self._logged_at: dict[str, float] = {}

    def report_failure(self, reason: str, *, error: BaseException | None = None) -> None:
        """Log a failure unless it was logged within the last minute; a new reason of `error` with its traceback."""
        with self._lock:
            now = self._clock()
            is_new = reason not in self._logged_at
            if not is_new and now - self._logged_at[reason] < REPEAT_SECONDS:
                return
            if len(self._logged_at) >= _MAX_REASONS:
                self._logged_at.clear()
            self._logged_at[reason] = now
            if self._started_at is None:
                self._started_at = now
            seconds = now - self._started_at
        is_lasting = bool(self._recovery) and seconds >= 1
        self._logger.error(
            "%s%s", reason, f" (for {seconds:.0f} s now)" if is_lasting else "", exc_info=error if is_new else None
        )

    def report_success(self) -> None:
        """Log the end of a failure, if there was one."""
        if self._started_at is None:
            return
        with self._lock:
            started_at, self._started_at = self._started_at, None
            self._logged_at.clear()
        if started_at is not None:
            self._logger.warning("%s again, after %.0f s", self._recovery, self._clock() - started_at)
