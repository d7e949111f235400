"""Replies of the scripts that the worker runs; the heads of the Lua files say when each field is there."""

from enum import StrEnum

from shared.accounts import DEFAULT_ACCOUNT
from shared.queue.replies import ScriptReply


class ClaimResult(StrEnum):
    """Whether a claim found a job. AGAIN: the script stopped before it had looked at every job."""

    CLAIMED = "claimed"
    NONE = "none"
    AGAIN = "again"


class ClaimReply(ScriptReply):
    """Reply of claim.lua."""

    result: ClaimResult
    job_id: str = ""
    job: bytes = b""
    unknown_calls: int = 0
    resumed_at: int = 0
    account: str = DEFAULT_ACCOUNT
    traceparent: str = ""


class DisableModelReply(ScriptReply):
    """Reply of disable_model.lua. `is_off`: in no account the model may be called."""

    is_new: bool
    is_off: bool


class FinishReply(ScriptReply):
    """Reply of finish.lua. `missing_tickets` may be negative: more tickets wait than jobs."""

    is_stored: bool
    missing_tickets: int = 0
    is_resumed: bool = False


class SweepReply(ScriptReply):
    """Reply of sweep.lua."""

    missing_tickets: int
    requeued: int
    failed: int
    is_held: bool


class StartCallResult(StrEnum):
    """Whether a call may be made.

    HELD: the bot has not compared the queue with its database since Redis started, or the guild is paused now.
    """

    STARTED = "started"
    LOST = "lost"
    HELD = "held"


class RetryResult(StrEnum):
    """Whether the job of a dead letter was queued again. NOT_DELIVERED: its failure was not delivered yet."""

    QUEUED = "queued"
    NOT_FOUND = "not_found"
    NOT_DELIVERED = "not_delivered"


class RetryReply(ScriptReply):
    """Reply of retry_dead_letter.lua."""

    result: RetryResult
