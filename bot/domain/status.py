"""Accepted jobs as the queue knows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.accounts import DEFAULT_ACCOUNT
from shared.job import Job
from shared.outcome import Outcome


class QueueState(StrEnum):
    """The state of an accepted job. QUEUED covers prepared jobs and those released to be tried again."""

    PREPARING = "preparing"
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    DELIVERED = "delivered"


class CancelResult(StrEnum):
    """The result of cancelling a job. TOO_LATE: a call of the model has begun, or the job has ended."""

    CANCELLED = "cancelled"
    TOO_LATE = "too_late"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class JobStatus:
    """An accepted job as the queue knows it now.

    `position` is its place in the queue of its model, 1 for the next one up, 0 when it is not queued or paused.
    `estimated_seconds` is the time until its picture is expected: while it is prepared as if no job came before it,
    while it is queued by the jobs before it (see `shared/queue/lua/status.lua`), while it runs the rest of a
    typical call. `typical_seconds` is the recent mean duration of a call of its model, or else the catalogue's.
    `state_since` is Unix seconds. `thread_id` is set once its thread is open, `message_id` once its outcome is posted.
    `has_worker` is False if no worker has been at the queue lately.
    `is_guild_paused`: it does not start until a moderator resumes the queue of its guild.
    `is_model_paused`: calls of its model failed or got no response, so one job at a time tries it.
    `is_model_slowed`: its model was throttled, so its calls start at longer intervals for now.
    `limiting_scope` is the kind of the narrowest scope whose limit on running jobs keeps it from starting, if any:
    user, batch, channel or guild.
    `traceparent` is the span that accepted it, "" if it was not traced.
    `claims` counts leases, `calls` those of them in which the model was called, `unknown_calls` calls of unknown fate.
    `account` is the AWS account of its latest claim, `unknown_accounts` those of its calls of unknown fate.
    """

    job: Job
    state: QueueState
    position: int
    estimated_seconds: float
    state_since: float
    thread_id: int | None
    outcome: Outcome | None
    message_id: int | None = None
    claims: int = 0
    calls: int = 0
    unknown_calls: int = 0
    account: str = DEFAULT_ACCOUNT
    unknown_accounts: tuple[str, ...] = ()
    typical_seconds: float = 0.0
    is_guild_paused: bool = False
    is_model_paused: bool = False
    is_model_slowed: bool = False
    limiting_scope: str = ""
    has_worker: bool = True
    traceparent: str = ""

    @property
    def waits_without_worker(self) -> bool:
        """Whether nothing can happen to the job before a worker is started."""
        return not self.has_worker and self.state in {QueueState.PREPARING, QueueState.QUEUED}


@dataclass(frozen=True)
class JobsBefore:
    """How many jobs of its model run before a job that waits, and those of them that come first: some 50 at most."""

    count: int
    jobs: Sequence[Job]


@dataclass(frozen=True)
class OutcomeEntry:
    """An entry of the stream of outcomes, to be acknowledged, and the job that it ends."""

    entry_id: str
    job_id: str
