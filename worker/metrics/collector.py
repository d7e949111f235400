"""Collects the gauges of the worker for one scrape."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from shared.health import HealthReport
from shared.metrics.instruments import build_gauge, build_info, build_readiness
from worker.metrics import definitions as d
from worker.metrics.recorder import COMPONENT


@dataclass(frozen=True)
class WorkerCollector(Collector):
    """The gauges, by functions that tell each of them."""

    report_readiness: Callable[[], HealthReport]
    measure_maintenance_age: Callable[[], float]
    count_running_tasks: Callable[[], int]
    concurrency: int

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Build the gauges as they are now."""
        yield build_info(COMPONENT)
        yield build_readiness(COMPONENT, self.report_readiness().checks)
        yield build_gauge(d.CONCURRENCY, [((), self.concurrency)])
        yield build_gauge(d.RUNNING_TASKS, [((), self.count_running_tasks())])
        yield build_gauge(d.MAINTENANCE_AGE, [((), self.measure_maintenance_age())])
