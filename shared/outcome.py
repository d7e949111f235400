"""The outcome of a job: Generated, Filtered or Failed."""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from shared.problems import Problem

CANCELLED: Final = "cancelled"
"""The problem code of a job that a person cancelled."""


class FilteredPart(StrEnum):
    """The part of a request or a result that the content filter objected to."""

    PROMPT = "prompt"
    INPUT = "input picture"
    OUTPUT = "output picture"


class Credentials(StrEnum):
    """Whose signed content credentials (C2PA) a picture carries."""

    MODEL = "model"
    """Those with which the model answered, untouched."""
    OWN = "own"
    """Those of the worker's own certificate."""


class _OutcomeBase(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Generated(_OutcomeBase):
    """A picture was generated; its bytes are stored in Redis under the job's result key.

    `seed` is the one that the response names or, if `is_seed_assumed`, the one that was sent; None for a model that
    reads none. `duration_seconds` is the duration of the call. `sha256` is the hexadecimal hash of the picture, None
    from an earlier release.
    """

    kind: Literal["generated"] = "generated"
    seed: int | None
    media_type: str
    width: int
    height: int
    duration_seconds: float
    is_seed_assumed: bool = False
    sha256: str | None = None
    credentials: Credentials | None = None


class Filtered(_OutcomeBase):
    """The provider's content filter withheld the picture. The request is never sent again.

    `is_before_call`: a guardrail refused a picture that it starts from, so that the model was not called.
    """

    kind: Literal["filtered"] = "filtered"
    part: FilteredPart
    duration_seconds: float
    is_before_call: bool = False


class Failed(_OutcomeBase):
    """There is no picture, because of the problem. `may_be_billed`: its last call may have run, and cost something."""

    kind: Literal["failed"] = "failed"
    problem: Problem
    may_be_billed: bool = False

    @property
    def is_cancelled(self) -> bool:
        """Whether a person cancelled the job."""
        return self.problem.code == CANCELLED


Outcome = Annotated[Generated | Filtered | Failed, Field(discriminator="kind")]
OUTCOME_ADAPTER: TypeAdapter[Outcome] = TypeAdapter(Outcome)
