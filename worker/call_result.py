"""The results of one call of a model: a picture, a filtered result, or an error."""

from dataclasses import dataclass
from enum import StrEnum

from shared.errors import PentimentoError
from shared.outcome import FilteredPart
from shared.problems import Problem


class RetryPolicy(StrEnum):
    """How often a failed call may be repeated."""

    NEVER = "never"
    ONCE = "once"
    """The call may have run and been billed."""
    UNLIMITED = "unlimited"
    """The call is known not to have run. The job waits, up to the time that a job may wait at all."""


@dataclass(frozen=True)
class GeneratedImage:
    """A picture that the model returned, verified and encoded.

    `seed` is the one that the response names or, if `is_seed_assumed`, the one that was sent.
    """

    data: bytes
    media_type: str
    width: int
    height: int
    seed: int | None
    duration_seconds: float
    is_seed_assumed: bool = False


@dataclass(frozen=True)
class FilteredResult:
    """The provider's content filter withheld the picture."""

    part: FilteredPart
    duration_seconds: float


class BedrockCallError(PentimentoError):
    """A call of a model failed.

    `retry_after` is the least number of seconds before the call is repeated. `is_throttled` slows the calls of all
    workers; `is_model_unavailable` disables the model for everyone, for an hour.
    `pause_seconds` is set for an error that shows an outage: how long the model is paused after several in a row.
    """

    def __init__(
        self,
        problem: Problem,
        retry_policy: RetryPolicy,
        *,
        retry_after: float = 0,
        is_throttled: bool = False,
        is_model_unavailable: bool = False,
        pause_seconds: float = 0,
    ) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.retry_policy = retry_policy
        self.retry_after = retry_after
        self.is_throttled = is_throttled
        self.is_model_unavailable = is_model_unavailable
        self.pause_seconds = pause_seconds

    @property
    def may_be_billed(self) -> bool:
        """Whether the model may have made a picture, which AWS bills."""
        return self.retry_policy is RetryPolicy.ONCE or self.problem.code == "response_too_large"
