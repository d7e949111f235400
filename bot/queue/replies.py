"""Replies of the scripts that the bot runs; the heads of the Lua files say when each field is there."""

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator

from bot.domain.status import CancelResult, QueueState
from shared.queue.replies import ScriptReply
from shared.queue.stages import Stage


class AcceptResult(StrEnum):
    """Whether a submitted job was accepted, and if not, why."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    LIMIT_REACHED = "limit_reached"
    RATE_LIMITED = "rate_limited"
    OUT_OF_MEMORY = "out_of_memory"
    MODEL_DISABLED = "model_disabled"


class AcceptReply(ScriptReply):
    """Reply of accept.lua."""

    result: AcceptResult
    scope: str = ""
    count: int = 0
    limit: int = 0
    wait_ms: int = 0
    problem: bytes = b""


class SaveDraftResult(StrEnum):
    """Whether a draft was saved, and if not, why."""

    SAVED = "saved"
    RATE_LIMITED = "rate_limited"
    OUT_OF_MEMORY = "out_of_memory"


class SaveDraftReply(ScriptReply):
    """Reply of save_draft.lua."""

    result: SaveDraftResult
    scope: str = ""
    limit: int = 0
    wait_ms: int = 0


class CancelReply(ScriptReply):
    """Reply of cancel.lua."""

    result: CancelResult
    stage: Stage | None = None
    claimable: int = 0


class JobsBeforeReply(ScriptReply):
    """Reply of jobs_before.lua."""

    count: int
    jobs: tuple[bytes, ...]


class StatusReply(ScriptReply):
    """Reply of status.lua about one job."""

    job_id: str
    job: bytes
    state: QueueState
    state_since: int
    thread_id: int | None
    outcome: bytes | None
    message_id: Annotated[int | None, BeforeValidator(lambda value: value or None)]
    claims: int
    calls: int
    unknown_calls: int
    account: str | None = None
    unknown_accounts: str | None = None
    position: int
    mean_call_ms: int
    calls_ahead: int
    starts_in_ms: int
    is_guild_paused: bool = False
    is_model_paused: bool = False
    is_model_slowed: bool = False
    limiting_scope: str = ""
    traceparent: str = ""
    swept_ms_ago: int | None = None
