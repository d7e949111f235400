"""The interfaces of the queue, the model client and the guardrail, which tests replace by fakes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from shared.accounts import DEFAULT_ACCOUNT
from shared.catalogue import Model
from shared.errors import PentimentoError
from shared.job import Job
from shared.outcome import Outcome
from shared.problems import Problem
from shared.queue.stages import Stage
from shared.request.model import Request
from shared.request.pictures import Pictures
from worker.call_result import FilteredResult, GeneratedImage


@dataclass(frozen=True)
class Claim:
    """A job that this worker holds until its lease ends.

    `unknown_calls` counts the job's calls of unknown fate: it cannot be known whether they ran. `resumed_at` is when a
    pause of its server ended for which it had to wait, in Unix seconds; 0 if there was none. `account` is the AWS
    account for its call. `traceparent` is the span that accepted it, "" if it is not traced.
    """

    stage: Stage
    job: Job
    token: str
    unknown_calls: int
    resumed_at: float = 0.0
    account: str = DEFAULT_ACCOUNT
    traceparent: str = ""


class QueueUnavailableError(PentimentoError):
    """The queue did not reply, or refused to write. The command may have been carried out all the same."""


class ImageModelClient(Protocol):
    """A client of image models."""

    def authorize(self, model: Model, account: str) -> None:
        """Make sure that calls of the model in an AWS account can be signed, without making one.

        Raises `BedrockCallError` (credentials).
        """
        ...

    def generate(
        self,
        request: Request,
        model: Model,
        pictures: Pictures,
        seed: int | None,
        metadata: Mapping[str, str] | None = None,
        account: str = DEFAULT_ACCOUNT,
    ) -> GeneratedImage | FilteredResult:
        """Call the model once in an AWS account, within a deadline for the whole call. Raises `BedrockCallError`.

        `metadata` says to which job the call belongs, for the provider's own log; it holds no personal data.
        """
        ...


class GuardrailError(PentimentoError):
    """A guardrail has not said whether pictures may be used, so they may not.

    `is_temporary`: it may say so later, after `retry_after` seconds at the least.
    """

    def __init__(self, message: str, *, is_temporary: bool, retry_after: float = 0) -> None:
        super().__init__(message)
        self.is_temporary = is_temporary
        self.retry_after = retry_after


class CheckedSide(StrEnum):
    """The side of a call on which pictures are, as AWS names it."""

    INPUT = "INPUT"
    OUTPUT = "OUTPUT"


class Guardrail(Protocol):
    """A second content filter, beside that of the models."""

    def check_pictures(self, pictures: Sequence[bytes], side: CheckedSide, seconds: float) -> bool:
        """Check pictures once, within a deadline in seconds: return whether one of them must not be used.

        Raises `GuardrailError` if that is not known.
        """
        ...


class JobQueue(Protocol):
    """The jobs in the queue. A method that returns False has found the lease lost: the job is not to be worked on.

    `release` and `finish` wait for a queue that is unavailable; all others except `return_claim` raise
    `QueueUnavailableError`.
    """

    def claim(self, stage: Stage) -> Claim | None:
        """Claim the waiting job whose turn it is; None if no job may run now."""
        ...

    def fetch_upload(self, job_id: str) -> bytes | None:
        """Fetch the pictures as they were uploaded, packed by `shared.request.bundles`; None if they have expired."""
        ...

    def fetch_prepared(self, job_id: str) -> bytes | None:
        """Fetch the pictures as they were prepared for the model, packed; None if they have expired."""
        ...

    def promote(self, claim: Claim, prepared: bytes) -> bool:
        """Store the prepared pictures, packed, delete the uploads, and move the job to the stage GENERATE."""
        ...

    def start_call(self, claim: Claim) -> bool:
        """Record that a call is about to start; False too while calls are held, and the claim is given back."""
        ...

    def release(self, claim: Claim, *, delay_seconds: float, is_unknown_call: bool, is_throttled: bool) -> bool:
        """Return the job to its old place in the queue, where it may be claimed after the delay."""
        ...

    def record_failed_call(self, claim: Claim, *, pause_seconds: float) -> None:
        """Count a call that shows an outage of its model; after several in a row, pause that in the account.

        `pause_seconds` is the first pause.
        """
        ...

    def return_claim(self, claim: Claim) -> None:
        """Return the job as if it had never been claimed, as soon as the queue is available.

        For a job whose call has not started.
        """
        ...

    def finish(self, claim: Claim, outcome: Outcome, picture: bytes | None = None) -> bool:
        """End the job and its lease: store the picture, and send the outcome to the bot."""
        ...

    def disable_model(self, model: str, account: str, problem: Problem) -> bool:
        """Disable a model, by its key, in an AWS account, for an hour.

        True if no other account may call it either: then it is off for everyone.
        """
        ...
