"""What the worker's two use cases need of the queue and of Bedrock; adapters fulfil it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from shared.catalogue import Model
from shared.errors import PentimentoError
from shared.job import Job
from shared.outcome import FilteredPart, Outcome
from shared.problems import Problem
from shared.queue.stages import Stage
from shared.request.model import Request


class RetryPolicy(StrEnum):
    """What may follow a call that brought no picture."""

    NEVER = "never"
    UNLIMITED = "wait"  # it is known not to have run: the job waits its time, however often
    ONCE = "once"  # it may have run and been billed: one repeat at most


@dataclass(frozen=True)
class Claim:
    """A job that is ours until its lease ends. `doubts` counts its calls whose fate nobody knows."""

    stage: Stage
    job: Job
    token: str
    unknown_calls: int


@dataclass(frozen=True)
class GeneratedImage:
    """The model's answer, checked: encoded bytes, pixels, the seed it says it used (if any), seconds of the call."""

    data: bytes
    media_type: str
    width: int
    height: int
    seed: int | None
    duration_seconds: float


@dataclass(frozen=True)
class FilteredResult:
    """The provider's content filter kept the picture back."""

    part: FilteredPart
    duration_seconds: float


class BedrockCallError(PentimentoError):
    """A call that brought neither: what to say, whether to repeat it, after how many seconds at least.

    `throttled` slows the pace for all workers; `switch_off` takes the model from everyone until an operator acts.
    """

    def __init__(
        self,
        problem: Problem,
        retry_policy: RetryPolicy,
        *,
        retry_after: float = 0,
        is_throttled: bool = False,
        is_model_unavailable: bool = False,
    ) -> None:
        super().__init__(problem.format_message())
        self.problem = problem
        self.retry_policy = retry_policy
        self.retry_after = retry_after
        self.is_throttled = is_throttled
        self.is_model_unavailable = is_model_unavailable


class QueueUnavailableError(PentimentoError):
    """The queue did not answer, or refused to write. What was asked of it may have happened all the same."""


class ImageModelClient(Protocol):
    """The place where pictures are made: Bedrock."""

    def generate(
        self, request: Request, model: Model, picture: bytes | None, seed: int | None
    ) -> GeneratedImage | FilteredResult:
        """Call the model once, within a deadline over the whole call. Raises `BedrockCallError`."""
        ...


class JobQueue(Protocol):
    """The ledger of jobs. Every answer of False means: the lease was lost, stop working on it.

    All but `release`, `finish` and `abandon` raise `QueueUnavailableError`; those do not return before the queue has
    answered.
    """

    def claim(self, stage: Stage) -> Claim | None:
        """Take the fairest waiting job whose flow and model may run now."""
        ...

    def fetch_upload(self, job_id: str) -> bytes | None:
        """Fetch the picture as it was uploaded."""
        ...

    def fetch_prepared(self, job_id: str) -> bytes | None:
        """Fetch the picture as the model is to get it."""
        ...

    def promote(self, claim: Claim, prepared: bytes) -> bool:
        """Store the prepared picture, drop the upload, and move the job to the generate lane."""
        ...

    def start_call(self, claim: Claim) -> bool:
        """Record an attempt: the call is about to start."""
        ...

    def release(self, claim: Claim, *, delay_seconds: float, is_unknown_call: bool, is_throttled: bool) -> bool:
        """Put the job back at its old place, not to be claimed for `after` seconds. Waits for a queue that is away."""
        ...

    def return_claim(self, claim: Claim) -> None:
        """Give a claim back whose call was not made, as soon as the queue answers: it was never claimed."""
        ...

    def finish(self, claim: Claim, outcome: Outcome, picture: bytes | None = None) -> bool:
        """End the job: store picture and outcome, end the lease, tell the bot. Waits for a queue that is away."""
        ...

    def disable_model(self, model: str, problem: Problem) -> None:
        """Take this model from everyone until an operator switches it on."""
        ...
