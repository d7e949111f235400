"""The round every worker makes each second: renew its leases, bring back what others left behind, say it is alive."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from worker.ports import QueueAway

log = logging.getLogger(__name__)

SECONDS = 1.0


class Rounds:
    """A thread that makes rounds of `steps` until it is stopped; `heartbeat` is touched after each that succeeded."""

    def __init__(self, *steps: Callable[[], None], heartbeat: Path | None) -> None:
        self._steps = steps
        self._heartbeat = heartbeat
        self._stopped = threading.Event()

    def start(self) -> None:
        """Make rounds from now on, beside everything else."""
        threading.Thread(target=self._run, name="rounds", daemon=True).start()

    def stop(self) -> None:
        """Make no further round."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(SECONDS):
            try:
                for step in self._steps:
                    step()
                if self._heartbeat:
                    self._heartbeat.touch()
            except QueueAway as away:
                log.warning("%s; leases are renewed when it does", away)
            except Exception:
                log.exception("a round of renewing and sweeping failed")
