"""How a job ends: Generated, Filtered or Failed, nothing else."""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from shared.problems import Problem

CANCELLED: Final = "cancelled"  # the code of the problem of what a person ended


class FilteredPart(StrEnum):
    """What a content filter withheld."""

    PROMPT = "prompt"
    INPUT = "input picture"
    OUTPUT = "output picture"


class _OutcomeBase(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Generated(_OutcomeBase):
    """A picture was made; its bytes lie under the job's picture key. `seconds` is the model's own time.

    `seed` is the one in the model's answer; None for a model that reads none.
    """

    kind: Literal["generated"] = "generated"
    seed: int | None
    media_type: str
    width: int
    height: int
    duration_seconds: float


class Filtered(_OutcomeBase):
    """The provider withheld the picture. Final: the same request is never sent again."""

    kind: Literal["filtered"] = "filtered"
    part: FilteredPart
    duration_seconds: float


class Failed(_OutcomeBase):
    """No picture came of it, and why."""

    kind: Literal["failed"] = "failed"
    problem: Problem

    @property
    def is_cancelled(self) -> bool:
        """Whether a person wanted it so."""
        return self.problem.code == CANCELLED


Outcome = Annotated[Generated | Filtered | Failed, Field(discriminator="kind")]
OUTCOME_ADAPTER: TypeAdapter[Outcome] = TypeAdapter(Outcome)
