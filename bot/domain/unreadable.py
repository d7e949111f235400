"""Jobs that this release cannot read, in whole or in part: another release wrote them, or they were damaged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from bot.domain.status import QueueState
from shared.job import BatchRef, EntryRef, Job, Origin, Requester
from shared.outcome import OUTCOME_ADAPTER, Outcome
from shared.request.model import Request

T = TypeVar("T")


class JobOwner(BaseModel):
    """The part of a job that tells whom to notify, and where: readable even if its request is not."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    requester: Requester
    origin: Origin
    accepted_at: float
    entry: EntryRef | None = None
    batch: BatchRef | None = None

    def build_substitute_job(self, job_id: str) -> Job:
        """Build a job that can be notified about. Its request is empty and is never carried out."""
        return Job(
            id=job_id,
            request=Request(model="", text_prompts=(), has_picture=False),
            seed=None,
            requester=self.requester,
            origin=self.origin,
            accepted_at=self.accepted_at,
            entry=self.entry,
            batch=self.batch,
        )


@dataclass(frozen=True)
class UnreadableJob:
    """A job of the queue that this release cannot read; each field is None if it cannot be read either.

    `calls` counts the calls that may have been paid for. Times are Unix seconds.
    """

    job_id: str
    error: Exception
    state: QueueState | None
    state_since: float
    thread_id: int | None
    message_id: int | None
    calls: int
    job: Job | None
    owner: JobOwner | None
    outcome: Outcome | None


def salvage_job(job_id: str, error: Exception, row: Mapping[str, Any]) -> UnreadableJob:
    """Read as much as possible of a row of the queue, by the names of status.lua's reply."""
    job = _read_or_none(lambda: Job.model_validate_json(row["job"]))
    return UnreadableJob(
        job_id=job_id,
        error=error,
        state=_read_or_none(lambda: QueueState(row["state"].decode())),
        state_since=(_read_or_none(lambda: int(row["state_since"])) or 0) / 1000,
        thread_id=_read_or_none(lambda: int(row["thread_id"])),
        message_id=_read_or_none(lambda: int(row["message_id"])),
        calls=_read_or_none(lambda: int(row["calls"])) or 0,
        job=job,
        owner=_read_or_none(lambda: JobOwner.model_validate_json(row["job"])),
        outcome=_read_or_none(lambda: OUTCOME_ADAPTER.validate_json(row["outcome"])),
    )


def _read_or_none(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
