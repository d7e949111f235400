"""Maintenance that every worker does each second: renew its leases, sweep the queue, and touch the heartbeat file."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from shared.outage_log import OutageLog
from worker.health import WorkerHealth
from worker.ports import QueueUnavailableError

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0


class MaintenanceThread:
    """A thread that runs its steps again and again, and touches the heartbeat file after each round without errors.

    It leaves the file alone while `is_consuming` finds that Celery's consumer hangs. `health` remembers each round.
    """

    def __init__(
        self,
        *steps: Callable[[], None],
        is_consuming: Callable[[], bool],
        health: WorkerHealth,
        heartbeat_file: Path | None,
    ) -> None:
        self._steps = steps
        self._health = health
        self._is_consuming = is_consuming
        self._heartbeat_file = heartbeat_file
        self._stop_event = threading.Event()
        self._outage = OutageLog(log, "leases are renewed")
        self._consumer_outage = OutageLog(log, "tickets are fetched")

    def start(self) -> None:
        """Start the thread. It does not keep the process alive."""
        threading.Thread(target=self._run, name="maintenance", daemon=True).start()

    def stop(self) -> None:
        """Stop before the next round."""
        self._stop_event.set()

    def _run(self) -> None:
        while not self._stop_event.wait(INTERVAL_SECONDS):
            self._health.record_round()
            try:
                for step in self._steps:
                    step()
                self._beat()
            except QueueUnavailableError as error:
                self._outage.report_failure(f"leases cannot be renewed now: {error}")
            except Exception as error:  # noqa: BLE001 - the next round has to come all the same
                self._outage.report_failure(f"a round of maintenance failed: {error!r}", error=error)
            else:
                self._outage.report_success()

    def _beat(self) -> None:
        is_consuming = self._is_consuming()
        self._health.record_success(is_consuming=is_consuming)
        if not is_consuming:
            self._consumer_outage.report_failure(
                "Celery's consumer hangs: no ticket is fetched although jobs could run. The heartbeat stops; restart"
                " this worker"
            )
            return
        self._consumer_outage.report_success()
        if self._heartbeat_file:
            self._heartbeat_file.touch()
