"""The round every worker makes each second: renew its leases, bring back what others left behind, say it is alive."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from worker.ports import QueueUnavailableError

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0


class MaintenanceThread:
    """A thread that makes rounds of `steps` until it is stopped; `heartbeat` is touched after each that succeeded."""

    def __init__(self, *steps: Callable[[], None], heartbeat_file: Path | None) -> None:
        self._steps = steps
        self._heartbeat_file = heartbeat_file
        self._stop_event = threading.Event()

    def start(self) -> None:
        """Make rounds from now on, beside everything else."""
        threading.Thread(target=self._run, name="rounds", daemon=True).start()

    def stop(self) -> None:
        """Make no further round."""
        self._stop_event.set()

    def _run(self) -> None:
        while not self._stop_event.wait(INTERVAL_SECONDS):
            try:
                for step in self._steps:
                    step()
                if self._heartbeat_file:
                    self._heartbeat_file.touch()
            except QueueUnavailableError as away:
                log.warning("%s; leases are renewed when it does", away)
            except Exception:
                log.exception("a round of renewing and sweeping failed")
