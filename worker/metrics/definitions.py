"""The definitions of the worker's metrics; docs/operate/metrics.md lists them."""

from typing import Final

from shared.metrics.definition import COMMON_METRICS, MetricDefinition

CONCURRENCY: Final = MetricDefinition("worker_concurrency", "gauge", "Jobs that this worker may run at once.")
RUNNING_TASKS: Final = MetricDefinition("worker_running_tasks", "gauge", "Tasks that run in this worker.")
MAINTENANCE_AGE: Final = MetricDefinition(
    "worker_maintenance_age_seconds",
    "gauge",
    "Seconds since this worker last renewed its leases and swept; +Inf before the first time.",
)

WORKER_METRICS: Final = (*COMMON_METRICS, CONCURRENCY, RUNNING_TASKS, MAINTENANCE_AGE)
