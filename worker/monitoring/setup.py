"""Tells metrics and health if `HTTP_ADDRESS` is set; without it, nothing of this is imported or listens."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final

from shared.health import CONTENT_TYPE as JSON
from shared.health import HealthReport
from worker.health import WorkerHealth
from worker.ports import ImageModelClient, JobQueue
from worker.queue.connection import QueueRedis
from worker.queue.consumer_watch import ConsumerWatch

EXIT_FAILED: Final = 1

log = logging.getLogger(__name__)


class Monitoring:
    """Listens on `address` from the start of the worker to its end; nowhere, and counts nothing, if it is empty."""

    def __init__(self, address: str, health: WorkerHealth, consumer_watch: ConsumerWatch, concurrency: int) -> None:
        self._address = address
        self._health = health
        self._stack = ExitStack()
        if address:
            from shared.metrics import instruments  # noqa: PLC0415 - prometheus-client takes memory
            from worker.metrics.collector import WorkerCollector  # noqa: PLC0415 - that most workers
            from worker.metrics.recorder import WorkerRecorder  # noqa: PLC0415 - need not

            self._registry = instruments.create_registry()
            self._recorder = WorkerRecorder(self._registry)
            count_tasks = consumer_watch.count_running_tasks
            self._registry.register(
                WorkerCollector(health.report_readiness, health.measure_success_age, count_tasks, concurrency)
            )

    def record_queue(self, queue: JobQueue) -> JobQueue:
        """Return the queue, or one that counts its jobs."""
        if not self._address:
            return queue
        from worker.metrics.recorder import RecordingQueue  # noqa: PLC0415 - as above

        return RecordingQueue(queue, self._recorder)

    def record_client(self, client: ImageModelClient) -> ImageModelClient:
        """Return the client of models, or one that measures its calls."""
        if not self._address:
            return client
        from worker.metrics.recorder import RecordingClient  # noqa: PLC0415 - as above

        return RecordingClient(client, self._recorder)

    def record_redis(self, client: QueueRedis) -> QueueRedis:
        """Count the errors of this client from now on, and return it."""
        if self._address:
            from worker.queue.error_counting import count_redis_errors  # noqa: PLC0415 - only who counts needs it

            count_redis_errors(client, self._recorder.note_redis_error)
        return client

    def start(self, **_: Any) -> None:
        """Listen, and end the process if the address cannot be used. A handler of Celery's signal."""
        if not self._address:
            return
        try:
            self._serve()
        except OSError as error:
            log.critical(
                "HTTP_ADDRESS cannot be used (%s). Name an address of this machine and a free port.", error.strerror
            )
            raise SystemExit(EXIT_FAILED) from error  # Celery goes on after any other exception

    def close(self) -> None:
        """Stop listening."""
        self._stack.close()

    def _serve(self) -> None:
        from shared.metrics import instruments  # noqa: PLC0415 - as above
        from worker.monitoring.http_server import MonitoringServer  # noqa: PLC0415

        pages = {
            "/healthz": lambda: _show(self._health.report_health),
            "/readyz": lambda: _show(self._health.report_readiness),
            "/metrics": lambda: (200, instruments.CONTENT_TYPE, instruments.render_metrics(self._registry)),
        }
        server = MonitoringServer(self._address, pages)
        self._stack.callback(server.close)
        server.start()


def _show(report: Callable[[], HealthReport]) -> tuple[int, str, bytes]:
    found = report()
    return found.http_status, JSON, found.render()
