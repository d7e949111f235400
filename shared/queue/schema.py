"""Every key in Redis behind the prefix (REDIS_KEY_PREFIX), with its type, its contents and its expiry.

In a pattern, {job} is a job's id, {model} a key of the catalogue ("-" for all models in the prepare stage), {scope}
`user-<id>`, `batch-<id>`, `channel-<id>` or `guild-<id>`, {stage} `prepare` or `generate`, {tenant} `user-<id>` or
`team-<id>`, with `low-` before it for its jobs of low priority, {account} an AWS account's 12 digits. Times are Unix
milliseconds; those that expire or are compared are of the queue's own clock (`get_time` in lua/lib.lua), the others of
Redis's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal


@dataclass(frozen=True)
class RedisKey:
    """A kind of key.

    `contents` describes its value or members, `fields` those of a hash or of a stream's entries. `ttl` says when Redis
    deletes it by itself, None if never; keys without members do not exist in Redis.
    """

    pattern: str
    type: Literal["string", "list", "set", "zset", "hash", "stream"]
    contents: str
    ttl: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


_IMAGE_TTL: Final = "QUEUE_IMAGE_TTL_SECONDS"
_AS_IN_JOB: Final = "as in job:{job}"

_PACE_FIELDS: Final = MappingProxyType(
    {
        "concurrency": "most calls at once",
        "min_interval_ms": "the catalogue's interval between the starts of two calls",
        "interval_ms": "the interval that applies now: longer after throttling",
        "next_call_at": "when the next call may start",
        "slowed_at": "when throttling last lengthened the interval",
        "failed_calls": "calls in a row without a response in time, or with an error of the service",
        "pause_ms": "length of its pause, after several such calls; absent unless it is paused",
        "paused_until": "when one job may try it again; absent unless it is paused",
        "probe": "the job that tries it during a pause",
    }
)

REDIS_KEYS: Final = (
    RedisKey("format", "string", "The format of all of this, such as 1.0 (shared.stored_format)."),
    # Jobs
    RedisKey(
        "job:{job}",
        "hash",
        "A job that was accepted. Once delivered, it keeps neither its place in the queue nor its span.",
        "7 days after delivery",
        {
            "job": "shared.job.Job as JSON",
            "model": "key of the model in the catalogue",
            "tenant": "whose fair share the job counts towards",
            "subtenant": "whose share of the tenant's turns it counts towards; absent if that is the tenant itself",
            "cost": "how far it moves the finish tags of both",
            "priority": "low; absent if it is normal",
            "scopes": "its scopes, narrowest first, each followed by its limit on running jobs (0: none)",
            "state": "preparing, queued, running, finished or delivered",
            "state_since": "when it entered this state, by Redis's clock",
            "stage": "prepare or generate",
            "start_tag:prepare": "its place in the queue of the prepare stage",
            "start_tag:generate": "its place in the queue of the generate stage",
            "inner_tag:prepare": "its place among its tenant's jobs there; absent while the tenant has one subtenant",
            "inner_tag:generate": "its place among its tenant's jobs there; absent while the tenant has one subtenant",
            "account": "AWS account of its latest claim in the generate stage, or default",
            "unknown_accounts": "those of its calls of unknown fate, with spaces between",
            "claims": "how many leases it has had",
            "calls": "in how many of them a call was started",
            "unknown_calls": "how many calls may have run without their result being known",
            "resumed_at": "when it was last unparked, by Redis's clock; absent if it never was",
            "crashes": "how many leases expired before a call",
            "claim_token": "token of the claim that holds the lease; absent without a lease",
            "call_started": "1 if a call was started under the latest lease, otherwise 0",
            "outcome": "shared.outcome.Outcome as JSON, once it has ended",
            "traceparent": "the span that accepted it, as W3C Trace Context writes it; absent unless TRACING was on",
            "thread_id": "thread that the bot opened for it",
            "message_id": "message with its outcome; empty if there was nowhere to post it",
        },
    ),
    RedisKey("open_jobs", "zset", "Jobs whose outcome is not delivered yet, by the time they were accepted."),
    RedisKey("open:{scope}", "set", "Open jobs of a scope, for its limit on them."),
    RedisKey(
        "accepted:{scope}", "zset", "Jobs of a scope by the time they were accepted, for its rate limit.", "1 minute"
    ),
    RedisKey(
        "drafted:{scope}",
        "zset",
        "Drafts of explorations in a channel or guild by time, for its rate limit. A user's are in accepted:{scope}.",
        "1 minute",
    ),
    RedisKey("outcomes", "stream", "Outcomes for the bot to deliver.", None, {"job_id": "the job that ended"}),
    # Pictures: lists of chunks (shared/queue/chunks.py). Those of an edit are one bundle (shared/request/bundles.py).
    # With PICTURES_URL they are strings instead: references to objects in S3 (shared/pictures/reference.py)
    RedisKey("upload:{job}", "list", "The picture, or bundle, as uploaded; deleted once it is prepared.", _IMAGE_TTL),
    RedisKey(
        "prepared:{job}",
        "list",
        "The picture, or bundle, as the model gets it; deleted on delivery.",
        f"{_IMAGE_TTL}; a year while the job is parked",
    ),
    RedisKey("result:{job}", "list", "The generated picture; deleted on delivery.", _IMAGE_TTL),
    RedisKey("incoming_picture", "list", "A picture within the transaction that brings it to one of the keys above."),
    # The queue of each stage
    RedisKey("queued:{stage}:{model}", "zset", "Jobs that are not claimed, by start tag: their order in the queue."),
    RedisKey(
        "queued:{stage}:{scope}",
        "zset",
        "Jobs of a scope that are not claimed, by start tag, if it has a limit on running jobs.",
    ),
    RedisKey("queued:{stage}:{model}:{tenant}", "zset", "Jobs of a tenant that are not claimed, by start tag."),
    RedisKey("turns:{stage}:{model}:{tenant}", "zset", "The same jobs, by inner tag: the order in which they run."),
    RedisKey(
        "ready:{stage}:{model}", "zset", "Queued jobs that are neither blocked nor delayed: workers may claim them."
    ),
    RedisKey("ready_turns:{stage}:{model}:{tenant}", "zset", "Ready jobs of a tenant, by inner tag."),
    RedisKey("ready_models:{stage}", "set", "Models that may have ready jobs."),
    RedisKey("blocked:{stage}:{scope}", "zset", "Queued jobs that need a slot of this scope, by start tag."),
    RedisKey("blocked_turns:{stage}:{scope}:{tenant}", "zset", "Jobs of a tenant among those, by inner tag."),
    RedisKey("paused_guilds", "set", "Guilds whose queues are paused, as scopes: a copy of what the database says."),
    RedisKey(
        "parked:{scope}",
        "zset",
        "Prepared jobs of a guild that is or was paused, by the time they were accepted: they are in no queue.",
    ),
    RedisKey("parked_guilds", "set", "Guilds that may have parked jobs, as scopes."),
    RedisKey("delayed:{stage}", "zset", "Queued jobs that were released with a delay, by its end."),
    RedisKey("claimed:{stage}:{model}", "set", "Jobs under a lease, for the model's concurrency."),
    RedisKey("claimed:{stage}:{model}:{account}", "set", "The same for each further AWS account."),
    RedisKey("slots:{stage}:{scope}", "set", "Jobs that hold a slot of a scope."),
    RedisKey("leases:{stage}", "zset", "Jobs under a lease, by its end."),
    RedisKey("claim_tokens:{stage}", "hash", "The job of each lease: the fields are claim tokens."),
    RedisKey("virtual_time:{stage}", "string", "The highest start tag of a job of normal priority that was claimed."),
    RedisKey("virtual_time:{stage}:low", "string", "The same for jobs of low priority. Their tags begin at 1e9."),
    RedisKey("finish_tags:{stage}", "zset", "The finish tag of each tenant's latest job; removed once it has passed."),
    RedisKey(
        "inner_tags:{stage}:{tenant}",
        "zset",
        "The finish tag of each subtenant's latest job, and the virtual time within the tenant.",
        "7 days after a job of the tenant enters the queue or is claimed",
    ),
    RedisKey("celery:{stage}", "list", "Celery's tickets for a stage, the oldest last."),
    RedisKey(
        "celery:malformed_tickets",
        "list",
        "The latest 100 lines of the lists above that were no tickets, newest first, up to 4096 bytes of each.",
        "7 days",
    ),
    # Models
    RedisKey("pace:{model}", "hash", "How fast a model may be called, over all workers.", None, _PACE_FIELDS),
    RedisKey(
        "pace:{model}:{account}",
        "hash",
        "The same for each further AWS account.",
        None,
        dict.fromkeys(_PACE_FIELDS, "as in pace:{model}"),
    ),
    RedisKey(
        "accounts", "zset", "AWS accounts, and default, by the time at which a worker last said that it calls them."
    ),
    RedisKey("call_durations:{model}", "list", "Milliseconds of the latest 32 calls, newest first."),
    RedisKey("disabled_model:{model}", "string", "Why no job is accepted for it: a Problem as JSON.", "1 hour"),
    RedisKey("disabled_model:{model}:{account}", "string", "Why it is not called in an AWS account.", "1 hour"),
    # Failed jobs that an operator can examine
    RedisKey("dead_letters", "zset", "Dead letters by the time they failed; expired ones are removed when listed."),
    RedisKey(
        "dead_letter:{job}",
        "hash",
        "A job whose workers died or could not read it.",
        _IMAGE_TTL,
        {
            "job": _AS_IN_JOB,
            "model": _AS_IN_JOB,
            "tenant": _AS_IN_JOB,
            "subtenant": f"{_AS_IN_JOB}; empty if absent there",
            "cost": _AS_IN_JOB,
            "priority": f"{_AS_IN_JOB}; empty if absent there",
            "scopes": _AS_IN_JOB,
            "claims": _AS_IN_JOB,
            "calls": _AS_IN_JOB,
            "thread_id": f"{_AS_IN_JOB}; empty if there is none",
            "stage": "the stage in which it failed",
            "outcome": "the failure, as JSON",
            "failed_at": "when it failed, by Redis's clock",
        },
    ),
    RedisKey("dead_letter_picture:{job}", "list", "The picture that its stage needs.", _IMAGE_TTL),
    # Clocks
    RedisKey(
        "sweep",
        "hash",
        "When workers last swept.",
        None,
        {
            "last_at": "time of the latest sweep, of either stage",
            "grace_until": "until when no lease expires, after Redis was out of reach",
        },
    ),
    RedisKey("clock_offset", "string", "Milliseconds that the queue's clock is ahead of Redis's."),
    # What the bot's database knows of the queue
    RedisKey(
        "epoch",
        "hash",
        "When the bot last compared the queue with its database; no call starts under another run id.",
        None,
        {
            "number": "the epoch, as in the database",
            "run_id": "run id of the Redis server that it holds for",
            "confirmed_at": "time of the comparison",
        },
    ),
    RedisKey(
        "call_log",
        "stream",
        "Counts of calls that the database does not know of yet, at most some 10,000.",
        None,
        {
            "job_id": "the job",
            "calls": "how many calls the job has had",
            "unknown_calls": "how many of them are of unknown fate",
            "is_late": "1 if the call was begun before Redis lost the job, otherwise 0",
        },
    ),
    # The bot's own
    RedisKey(
        "bots", "hash", "When the registrations of the bots expire, by Redis's clock: the fields are their tokens."
    ),
    RedisKey(
        "delivery_partitions",
        "hash",
        "The token of the bot that delivers the outcomes of a partition: the fields are the numbers of partitions.",
    ),
    RedisKey(
        "followup:{job}",
        "string",
        "Token of the interaction that submitted the job, if several bots run.",
        "14 minutes",
    ),
    RedisKey("identify:{bucket}", "string", "A shard of this bucket identifies with Discord.", "5.5 seconds"),
    RedisKey(
        "leader",
        "string",
        "Token of the bot that does what one bot does alone, such as rounds and batches.",
        "3 seconds, renewed",
    ),
    RedisKey(
        "draft:{interaction}",
        "string",
        "A request while its form or question is open: a Draft as JSON, compressed (xz) if it is long.",
        "1 hour",
    ),
    RedisKey("drafts", "zset", "Drafts by time: the oldest give way to jobs when memory is short.", "1 hour"),
    RedisKey("user_drafts:{user}", "zset", "The latest drafts of a user by time.", "1 hour"),
    RedisKey(
        "saved_searches:{user}",
        "hash",
        "A user's searches as JSON, for the buttons under their pages: the fields are their numbers.",
        "1 day",
    ),
)
"""Each kind of key once. Celery's own bookkeeping besides the tickets is not listed."""
