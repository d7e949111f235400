"""The definitions of the worker's metrics; docs/operate/metrics.md lists them."""

from typing import Final

from shared.metrics.definition import (
    CALL_BUCKETS,
    COMMON_METRICS,
    WAIT_BUCKETS,
    WORK_BUCKETS,
    MetricDefinition,
    list_definitions,
)

CONCURRENCY: Final = MetricDefinition("worker_concurrency", "gauge", "Jobs that this worker may run at once.")
RUNNING_TASKS: Final = MetricDefinition("worker_running_tasks", "gauge", "Tasks that run in this worker.")
MAINTENANCE_AGE: Final = MetricDefinition(
    "worker_maintenance_age_seconds",
    "gauge",
    "Seconds since this worker last renewed its leases and swept; +Inf before the first time.",
)

PREPARE_DURATION: Final = MetricDefinition(
    "prepare_duration_seconds",
    "histogram",
    "Seconds to prepare the pictures of a job, from its claim on.",
    buckets=WORK_BUCKETS,
)
CALL_WAIT: Final = MetricDefinition(
    "call_wait_seconds",
    "histogram",
    "Seconds from the acceptance of a job, or the end of a pause of its server, to the start of each of its calls.",
    ("class",),
    WAIT_BUCKETS,
)
CALL_DURATION: Final = MetricDefinition(
    "call_duration_seconds",
    "histogram",
    "Seconds of a call of Bedrock, by its result: generated, filtered or failed.",
    ("model", "result"),
    CALL_BUCKETS,
)
CALLS: Final = MetricDefinition(
    "calls_total",
    "counter",
    "Calls of Bedrock by the AWS account in which they were made, and by their result: generated, filtered or failed.",
    ("model", "account", "result"),
)
CALL_ERRORS: Final = MetricDefinition(
    "call_errors_total", "counter", "Calls that failed, by the code of the problem.", ("model", "account", "problem")
)
THROTTLED_CALLS: Final = MetricDefinition(
    "throttled_calls_total",
    "counter",
    "Calls that Bedrock has throttled, which slows all workers.",
    ("model", "account"),
)
UNKNOWN_CALLS: Final = MetricDefinition(
    "unknown_calls_total",
    "counter",
    "Calls that may have run, and been billed, without their result being known. They are repeated at most once.",
    ("model", "account"),
)
RELEASED_JOBS: Final = MetricDefinition(
    "jobs_released_total",
    "counter",
    "Jobs that went back to the queue, by the reason: throttled, unknown_call or other.",
    ("model", "reason"),
)
FINISHED_JOBS: Final = MetricDefinition(
    "jobs_finished_total",
    "counter",
    "Jobs that this worker has ended: generated, filtered, or failed with a problem.",
    ("stage", "model", "kind", "problem"),
)

WORKER_METRICS: Final = (*COMMON_METRICS, *list_definitions(globals()))
