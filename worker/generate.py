"""The generate stage of a claimed job: one call of the model, recorded before it starts, and its result."""

import hashlib
import logging
import time
from dataclasses import dataclass, field
from functools import partial
from typing import assert_never

from shared.catalogue import Catalogue, Model, Size
from shared.job import Job
from shared.outcome import Failed, Filtered, Generated, Outcome
from shared.problems import Actor, Problem, RejectedError, make_problem
from shared.queue.stages import Stage
from shared.request.bundles import has_needed_pictures, split_ingredient, unpack_pictures
from shared.request.model import Request
from shared.request.output_format import fit_output_format
from shared.request.pictures import Pictures
from shared.request.validation import validate_request
from shared.tracing import ERROR_TYPE, NO_TRACER, OUTCOME, SpanKind, Tracer, describe_job
from worker.accounts import AccountPool
from worker.call_result import BedrockCallError, FilteredResult, GeneratedImage, RetryPolicy
from worker.imaging.verification import measure_size
from worker.picture_checks import PictureChecks, UncheckedResultError, describe_check_error
from worker.ports import Claim, GuardrailError, ImageModelClient, JobQueue, QueueUnavailableError
from worker.result_metadata import finish_picture
from worker.signing import PictureSigner
from worker.unknown_model import fail_unknown_model

log = logging.getLogger(__name__)

_MIN_DELAY_SECONDS = 1
_MAX_CHECK_DELAY_SECONDS = 60.0


@dataclass(frozen=True)
class GenerateJob:
    """The use case and its collaborators.

    `signer` signs the results, and `checks` has a guardrail check all pictures, if there is one. `max_wait_seconds` is
    how long after its acceptance, or after a pause of its server, a job may be returned to the queue because Bedrock is
    busy or unreachable. `accounts` are the AWS accounts that the claims of the queue choose from.
    """

    queue: JobQueue
    client: ImageModelClient
    catalogue: Catalogue
    max_wait_seconds: float
    signer: PictureSigner | None = None
    checks: PictureChecks | None = None
    accounts: AccountPool = field(default_factory=AccountPool)
    tracer: Tracer = NO_TRACER

    def run(self, claim: Claim) -> None:
        """Finish the job, or return it to the queue. A call that may have been billed is repeated once at most."""
        job = claim.job
        model = self.catalogue.models.get(job.request.model)
        if model is None:
            fail_unknown_model(self.queue, self.catalogue, claim)
            return
        problems = validate_request(job.request, model, self.catalogue)
        if problems:
            self._fail(claim, problems[0])
            return
        pictures = self._fetch_pictures(job)
        if pictures is None:
            self._fail(claim, make_problem("upload_expired"))
            return
        pictures, archive = split_ingredient(pictures)
        try:
            request = fit_output_format(job.request, model, partial(_measure_source, pictures))
        except RejectedError as rejection:
            self._fail(claim, rejection.problems[0])
            return
        if self.checks is not None and not self._check_sources(claim, self.checks, pictures):
            return
        if self._start_call(claim, model):
            self._call_model(claim, model, request, pictures, archive)

    def _start_call(self, claim: Claim, model: Model) -> bool:
        """Record that a call starts. False if none may be made, or its account cannot be used."""
        try:
            self.client.authorize(model, claim.account)
        except BedrockCallError as error:
            self._handle_call_error(claim, model, error)
            return False
        is_started = self.queue.start_call(claim)
        if not is_started:
            log.warning("job %s: its lease was lost, or calls are held: no call is made", claim.job.id)
        return is_started

    def _call_model(
        self, claim: Claim, model: Model, request: Request, pictures: Pictures, archive: bytes | None
    ) -> None:
        """Make the call whose start is recorded, and finish the job by it or return it to the queue."""
        job = claim.job
        try:
            result = self._call_client(claim, request, model, pictures)
        except BedrockCallError as error:
            self._handle_call_error(claim, model, error)
            return
        try:
            result = self.checks.check_result(result) if self.checks is not None else result
        except UncheckedResultError as error:
            problem = describe_check_error(error)
            self._log_problem(logging.ERROR, claim, problem, error)
            self.queue.finish(claim, Failed(problem=problem, may_be_billed=True))
            return
        outcome, picture = self._finish_result(job, model, result, pictures, archive)
        del result  # `finish` may wait for the queue in many threads, and need not keep the response in memory
        self.queue.finish(claim, outcome, picture)

    def _call_client(
        self, claim: Claim, request: Request, model: Model, pictures: Pictures
    ) -> GeneratedImage | FilteredResult:
        job = claim.job
        attributes = describe_job(job, Stage.GENERATE) | {"gen_ai.provider.name": "aws.bedrock"}
        attributes["gen_ai.request.model"] = model.id
        with self.tracer.start_span("InvokeModel", kind=SpanKind.CLIENT, attributes=attributes) as span:
            try:
                result = self.client.generate(request, model, pictures, job.seed, _describe_job(job), claim.account)
            except BedrockCallError as error:
                span.set_attribute(ERROR_TYPE, error.problem.code)
                raise
            span.set_attribute(OUTCOME, "filtered" if isinstance(result, FilteredResult) else "generated")
            return result

    def _fetch_pictures(self, job: Job) -> Pictures | None:
        """Fetch the prepared pictures of a job; None if they have expired."""
        if not job.request.has_picture:
            return Pictures()
        prepared = self.queue.fetch_prepared(job.id)
        pictures = unpack_pictures(prepared) if prepared else Pictures()
        has_mask = job.request.mask is None or pictures.mask is not None
        return pictures if has_mask and has_needed_pictures(pictures, job.request) else None

    def _check_sources(self, claim: Claim, checks: PictureChecks, pictures: Pictures) -> bool:
        """Check the pictures that a job starts from. False if the job has ended, or was returned to the queue."""
        try:
            filtered = checks.check_sources(pictures)
        except GuardrailError as error:
            self._handle_check_error(claim, error)
            return False
        if filtered is None:
            return True
        log.info("job %s: the guardrail refused its source", claim.job.id)
        seconds = filtered.duration_seconds
        self.queue.finish(claim, Filtered(part=filtered.part, duration_seconds=seconds, is_before_call=True))
        return False

    def _handle_check_error(self, claim: Claim, error: GuardrailError) -> None:
        """Return a job whose sources could not be checked to the queue, for longer the longer it has waited."""
        problem, waited = describe_check_error(error), self._measure_wait(claim)
        self._log_problem(_choose_level(problem), claim, problem, error)
        if error.is_temporary and waited < self.max_wait_seconds:
            delay = max(_MIN_DELAY_SECONDS, error.retry_after, min(waited / 2, _MAX_CHECK_DELAY_SECONDS))
            self.queue.release(claim, delay_seconds=delay, is_unknown_call=False, is_throttled=False)
        else:
            self._fail(claim, problem)

    def _finish_result(
        self,
        job: Job,
        model: Model,
        result: GeneratedImage | FilteredResult,
        pictures: Pictures,
        archive: bytes | None,
    ) -> tuple[Outcome, bytes | None]:
        """Convert a result to the job's outcome and its picture, marked and signed."""
        match result:
            case FilteredResult():
                log.info("job %s: filtered (%s) after %.1f s", job.id, result.part, result.duration_seconds)
                return Filtered(part=result.part, duration_seconds=result.duration_seconds), None
            case GeneratedImage():
                log.info("job %s: generated with seed %s in %.1f s", job.id, result.seed, result.duration_seconds)
                finished = finish_picture(result, job.request, model, self.signer, pictures, archive, job.id)
                outcome = Generated(
                    seed=result.seed,
                    is_seed_assumed=result.is_seed_assumed,
                    media_type=result.media_type,
                    width=result.width,
                    height=result.height,
                    duration_seconds=result.duration_seconds,
                    sha256=hashlib.sha256(finished.data).hexdigest(),
                    credentials=finished.credentials,
                )
                return outcome, finished.data
            case _:
                assert_never(result)

    def _fail(self, claim: Claim, problem: Problem) -> None:
        self.queue.finish(claim, Failed(problem=problem))

    def _handle_call_error(self, claim: Claim, model: Model, error: BedrockCallError) -> None:
        problem, policy, retry_after = error.problem, error.retry_policy, error.retry_after
        self._log_problem(_choose_level(problem), claim, problem, error.__cause__ or error)
        if error.pause_seconds:
            self._record_failed_call(claim, error.pause_seconds)
        is_used_up = problem.code == "quota_exceeded" and self.accounts.has_several
        if error.is_model_unavailable or is_used_up:
            problem = problem if is_used_up else self._make_withdrawn_problem(model) or problem
            if not self.queue.disable_model(model.key, claim.account, problem):
                policy = RetryPolicy.UNLIMITED  # in another account
        elif problem.code == "credentials" and self.accounts.pause(
            claim.account, retry_after, str(error.__cause__ or error)
        ):
            retry_after = 0
        if self._may_repeat(claim, policy):
            self.queue.release(
                claim,
                delay_seconds=max(retry_after, _MIN_DELAY_SECONDS),
                is_unknown_call=policy is RetryPolicy.ONCE,
                is_throttled=error.is_throttled,
            )
        else:
            self.queue.finish(claim, Failed(problem=problem, may_be_billed=error.may_be_billed))

    def _log_problem(self, level: int, claim: Claim, problem: Problem, cause: BaseException) -> None:
        log.log(level, "job %s: %s: %s", claim.job.id, problem.code, cause)

    def _record_failed_call(self, claim: Claim, seconds: float) -> None:
        try:
            self.queue.record_failed_call(claim, pause_seconds=seconds)
        except QueueUnavailableError as error:  # the end of the call matters more than its count
            log.warning("job %s: its failed call was not counted: %s", claim.job.id, error)

    def _may_repeat(self, claim: Claim, policy: RetryPolicy) -> bool:
        match policy:
            case RetryPolicy.NEVER:
                return False
            case RetryPolicy.ONCE:
                return claim.unknown_calls == 0
            case RetryPolicy.UNLIMITED:
                return self._measure_wait(claim) < self.max_wait_seconds
            case _:
                assert_never(policy)

    def _measure_wait(self, claim: Claim) -> float:
        """Measure the seconds since a job was accepted, or a pause of its server ended."""
        return time.time() - max(claim.job.accepted_at, claim.resumed_at)

    def _make_withdrawn_problem(self, model: Model) -> Problem | None:
        """Make the problem that names the models to use instead of one that is gone; None if there are none."""
        alternatives = [
            other.name
            for other in self.catalogue.list_choosable_models(model.task)
            if other.key != model.key
            and other.operation == model.operation
            and not self.catalogue.is_retired(other)
            and (other.picture != "none" or model.picture == "none")
        ]
        if not alternatives:
            return None
        return make_problem("model_withdrawn", model=model.name, models=", ".join(alternatives))


def _measure_source(pictures: Pictures) -> Size:
    """Measure the picture that a model starts from; (0, 0) without one."""
    return (0, 0) if pictures.source is None else measure_size(pictures.source)


def _describe_job(job: Job) -> dict[str, str]:
    """Say to which job and server a call belongs."""
    return {"job_id": job.id, "guild_id": str(job.origin.guild_id)}


def _choose_level(problem: Problem) -> int:
    return logging.ERROR if problem.actor is Actor.OPERATOR else logging.WARNING
