"""The definitions of the bot's metrics; docs/operate/metrics.md lists them."""

from typing import Final

from shared.metrics.definition import (
    COMMON_METRICS,
    LAG_BUCKETS,
    WAIT_BUCKETS,
    WORK_BUCKETS,
    MetricDefinition,
    list_definitions,
)

LEADER: Final = MetricDefinition(
    "leader", "gauge", "1 while this bot leads: it keeps the deadlines, and does all that only one bot may do."
)
GATEWAY_CONNECTED: Final = MetricDefinition(
    "gateway_connected", "gauge", "1 while Discord's gateway is connected and was heard lately."
)
GATEWAY_LATENCY: Final = MetricDefinition(
    "gateway_latency_seconds", "gauge", "Seconds between a heartbeat and its acknowledgement by Discord's gateway."
)
GUILDS: Final = MetricDefinition("guilds", "gauge", "Servers that the bot is in.")

REDIS_UP: Final = MetricDefinition(
    "redis_up", "gauge", "1 if the queue could be measured for this scrape; otherwise nothing is told about it."
)
WAITING_JOBS: Final = MetricDefinition(
    "waiting_jobs", "gauge", "Jobs that wait to be claimed.", ("stage", "model", "class")
)
RUNNING_JOBS: Final = MetricDefinition("running_jobs", "gauge", "Jobs that workers have claimed.", ("stage", "model"))
PARKED_JOBS: Final = MetricDefinition("parked_jobs", "gauge", "Jobs of servers whose queues are paused.")
OPEN_JOBS: Final = MetricDefinition("open_jobs", "gauge", "Jobs whose outcome is not delivered yet.")
OLDEST_WAITING: Final = MetricDefinition(
    "oldest_waiting_age_seconds",
    "gauge",
    "Seconds since the oldest waiting job was accepted; 0 if none waits.",
    ("class",),
)
UNDELIVERED: Final = MetricDefinition(
    "undelivered_outcomes", "gauge", "Outcomes that are not posted, or not recorded, yet."
)
OLDEST_UNDELIVERED: Final = MetricDefinition(
    "oldest_undelivered_age_seconds", "gauge", "Seconds since the oldest of these outcomes was stored; 0 without one."
)
TICKETS: Final = MetricDefinition(
    "tickets", "gauge", "Celery's messages that wait for workers; not told while CELERY_BROKER_URL does not answer."
)
DEAD_LETTERS: Final = MetricDefinition("dead_letters", "gauge", "Dead letters that have not expired, up to 200.")
SWEEP_AGE: Final = MetricDefinition(
    "sweep_age_seconds",
    "gauge",
    "Seconds since a worker last swept, which each does every second; +Inf if none ever did.",
)
CALLS_HELD: Final = MetricDefinition(
    "calls_held", "gauge", "1 while no call may start, as the bot has not compared the queue with its database yet."
)
MODEL_PAUSED: Final = MetricDefinition(
    "model_paused",
    "gauge",
    "1 while one call at a time tries a model whose calls failed or got no response.",
    ("model",),
)
MODEL_DISABLED: Final = MetricDefinition(
    "model_disabled", "gauge", "1 while no job is accepted for a model, because AWS refuses to run it.", ("model",)
)
ACCOUNT_MODEL_PAUSED: Final = MetricDefinition(
    "account_model_paused",
    "gauge",
    "1 while one call at a time tries a model in this AWS account, because its calls there failed or got no response.",
    ("account", "model"),
)
ACCOUNT_MODEL_DISABLED: Final = MetricDefinition(
    "account_model_disabled",
    "gauge",
    "1 while a model is not called in this AWS account, because AWS refuses to run it there.",
    ("account", "model"),
)
CALL_INTERVAL: Final = MetricDefinition(
    "model_call_interval_seconds",
    "gauge",
    "Least seconds between the starts of two calls of a model now: throttling makes them longer.",
    ("model",),
)
MIN_CALL_INTERVAL: Final = MetricDefinition(
    "model_min_call_interval_seconds", "gauge", "The same without throttling, as the catalogue says.", ("model",)
)
REDIS_MEMORY: Final = MetricDefinition("redis_memory_used_bytes", "gauge", "Memory that Redis uses.")
REDIS_MEMORY_LIMIT: Final = MetricDefinition(
    "redis_memory_limit_bytes", "gauge", "Redis's maxmemory; 0 if it has no limit."
)
REDIS_SAVED: Final = MetricDefinition(
    "redis_saved", "gauge", "1 if Redis could save its data, and write its append-only file, when it last tried."
)

ACCEPTED: Final = MetricDefinition(
    "jobs_accepted_total", "counter", "Jobs that the queue has accepted.", ("model", "class")
)
REFUSED: Final = MetricDefinition(
    "requests_refused_total",
    "counter",
    "Reasons for which people were told that something they asked for is not done, by the code of the problem.",
    ("problem",),
)
DELIVERED: Final = MetricDefinition(
    "outcomes_delivered_total",
    "counter",
    "Outcomes that were posted, or stored for a batch: generated, filtered, or failed with a problem.",
    ("kind", "model", "problem"),
)
JOB_DURATION: Final = MetricDefinition(
    "job_duration_seconds",
    "histogram",
    "Seconds from the acceptance of a job to the delivery of its outcome.",
    ("class",),
    WAIT_BUCKETS,
)
DELIVERY_DURATION: Final = MetricDefinition(
    "delivery_duration_seconds",
    "histogram",
    "Seconds from the end of a job to the delivery of its outcome.",
    buckets=WORK_BUCKETS,
)
DELIVERY_FAILURES: Final = MetricDefinition(
    "delivery_failures_total", "counter", "Attempts to deliver that failed and are repeated, by the error.", ("error",)
)
DISCORD_REQUESTS: Final = MetricDefinition(
    "discord_requests_total",
    "counter",
    "Requests to Discord's API by the status of the response; error if there was none.",
    ("status",),
)
DISCORD_DURATION: Final = MetricDefinition(
    "discord_request_duration_seconds",
    "histogram",
    "Seconds of a request to Discord's API, uploads included.",
    buckets=WORK_BUCKETS,
)
LOOP_LAG: Final = MetricDefinition(
    "event_loop_lag_seconds",
    "histogram",
    "Seconds by which the event loop is late, measured twice a second.",
    buckets=LAG_BUCKETS,
)
CONNECTIONS: Final = MetricDefinition(
    "connections", "gauge", "Connections to Redis and to the database, in use or idle.", ("pool", "state")
)
DATABASE_UP: Final = MetricDefinition(
    "database_up", "gauge", "1 if the spending could be read lately; otherwise nothing is told about it."
)
SPENT_TODAY: Final = MetricDefinition(
    "spent_today_usd",
    "gauge",
    "US dollars that the requests of today (UTC) have cost so far, from the ledger.",
    ("model",),
)
BUDGET_LIMIT: Final = MetricDefinition(
    "budget_limit_usd", "gauge", "The budget of the whole bot in US dollars, if there is one.", ("period",)
)
BUDGET_USED: Final = MetricDefinition(
    "budget_used_usd", "gauge", "US dollars of this budget that are spent or reserved in this period.", ("period",)
)
LAST_BACKUP: Final = MetricDefinition(
    "last_backup_timestamp_seconds",
    "gauge",
    "When the last backup was made by `python -m bot backup`, in Unix seconds; not told before the first one.",
)

BOT_METRICS: Final = (*COMMON_METRICS, *list_definitions(globals()))
