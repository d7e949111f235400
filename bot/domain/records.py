"""Jobs as the database records them."""

from dataclasses import dataclass
from typing import Final, Self

from bot.domain.images import RemoteImage
from bot.domain.messages import MessageRef
from shared.job import Job, Origin
from shared.request.model import Request

NO_USER_ID: Final = 0
"""Stands for everybody who deleted their data."""


@dataclass(frozen=True)
class OpenJobRecord:
    """The record of a job that has not ended.

    `is_queued`: the queue accepted the job; `is_requeued`: it was queued again after the queue had lost it. The counts
    and `thread_id` are those of the last `JobStatus` seen; the counts begin again when the job is requeued.
    `upload_sha256` is the hash of its upload. Unless `is_readable`, this release cannot read the job as another
    one wrote it: `job` is then a substitute that only names its requester and its origin.
    """

    job: Job
    is_queued: bool
    remote_image: RemoteImage | None
    thread_id: int | None
    is_requeued: bool
    claims: int
    calls: int
    unknown_calls: int
    upload_sha256: str | None = None
    is_readable: bool = True


@dataclass(frozen=True)
class ClosedRecord:
    """The end of a recorded job. `message` is None when the job was rejected or its outcome fitted nowhere.

    `is_deleted`: a person deleted the result.
    """

    message: MessageRef | None
    is_deleted: bool = False


@dataclass(frozen=True)
class GenerationSettings:
    """How a picture was generated: enough to generate another one like it.

    `seed` is None for a model without seeds; `author_id` and `origin` where the requester and the place are unknown.
    `source_owner_id` is the user whose picture it started from, if that was somebody else's.
    `is_private`: the request led to no picture, so only its requester may read it.
    """

    job_id: str
    request: Request
    seed: int | None
    author_id: int | None = None
    source_sha256: str | None = None
    origin: Origin | None = None
    source_owner_id: int | None = None
    is_spoiler: bool = False
    is_private: bool = False

    @classmethod
    def from_job(
        cls, job: Job, seed: int | None, source_sha256: str | None = None, *, is_private: bool = False
    ) -> Self:
        """Take the settings of a job. Without a `seed` from the model's answer, the seed sent to it counts."""
        return cls(
            job.id,
            job.request,
            job.seed if seed is None else seed,
            job.requester.id,
            source_sha256,
            job.origin,
            job.source_owner_id,
            job.is_spoiler,
            is_private,
        )


@dataclass(frozen=True)
class JobRecord:
    """A job as recorded. `outcome_kind` is the `kind` of its outcome, None while the job is open.

    `seed` is the one that the model answered with; `duration_seconds` is the model's own time, `cost_usd` its price,
    None where unknown. `source_sha256` is the hash of the upload it started from. `is_deleted`: a person deleted the
    result; `is_cancelled`: a person cancelled the job before it was generated. Unless `has_words`, its prompts were old
    and are not stored any more.
    """

    job: Job
    outcome_kind: str | None
    seed: int | None
    message: MessageRef | None
    finished_at: float
    source_sha256: str | None = None
    is_deleted: bool = False
    duration_seconds: float | None = None
    cost_usd: float | None = None
    is_open: bool = False
    is_cancelled: bool = False
    has_words: bool = True

    @property
    def is_secret(self) -> bool:
        """Whether it is an entry of a round that is not over, or one that was never shown: nobody is to learn of it."""
        return self.job.entry is not None and self.message is None

    @property
    def settings(self) -> GenerationSettings:
        """The settings that generated its picture."""
        return GenerationSettings.from_job(
            self.job, self.seed, self.source_sha256, is_private=self.outcome_kind != "generated"
        )

    @property
    def missing_image_reason(self) -> str:
        """Why there is no picture to show: "deleted", "cancelled", "filtered", "failed" or "gone"."""
        if self.is_deleted or self.is_cancelled:
            return "deleted" if self.is_deleted else "cancelled"
        return self.outcome_kind if self.outcome_kind in {"filtered", "failed"} else "gone"
