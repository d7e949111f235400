"""Generate one claimed job: one call of the model, recorded before it starts, and what follows from its answer."""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.catalogue import Catalogue, Model
from shared.job import Job
from shared.outcome import Failed, Filtered, Generated, Outcome
from shared.problems import Problem, make_problem
from shared.request.validation import validate_request
from worker.call_result import BedrockCallError, FilteredResult, GeneratedImage, RetryPolicy
from worker.png_metadata import embed_metadata
from worker.ports import Claim, ImageModelClient, JobQueue

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GenerateJob:
    """The use case with what it stands on. `patience` is how many seconds a job may wait for Bedrock in all."""

    queue: JobQueue
    client: ImageModelClient
    catalogue: Catalogue
    max_wait_seconds: float

    def run(self, claim: Claim) -> None:
        """End the job, or put it back: at most one repeat of a call that may have been billed."""
        job, queue = claim.job, self.queue
        model = self.catalogue.models.get(job.request.model)
        if model is None:
            queue.finish(claim, Failed(problem=make_problem("model_gone", model=job.request.model)))
            return
        wrong = validate_request(job.request, model, self.catalogue)
        if wrong:
            queue.finish(claim, Failed(problem=wrong[0]))
            return
        prepared = queue.fetch_prepared(job.id) if job.request.has_picture else None
        if job.request.has_picture and prepared is None:
            queue.finish(claim, Failed(problem=make_problem("no_longer_kept")))
            return
        if not queue.start_call(claim):
            log.warning("job %s: the lease was lost before the call", job.id)
            return
        try:
            outcome, picture = _to_outcome(job, model, self.client.generate(job.request, model, prepared, job.seed))
        except BedrockCallError as trouble:
            self._handle_call_error(claim, trouble)
            return
        queue.finish(claim, outcome, picture)  # the answer is gone by now: many may wait here for the queue

    def _handle_call_error(self, claim: Claim, error: BedrockCallError) -> None:
        job, wrong = claim.job, error.problem
        log.warning("job %s: %s: %s", job.id, wrong.code, error.__cause__ or error)
        if error.is_model_unavailable:
            wrong = self._make_withdrawn_problem(self.catalogue.models[job.request.model]) or wrong
            self.queue.disable_model(job.request.model, wrong)
        may_repeat = {
            RetryPolicy.NEVER: False,
            RetryPolicy.UNLIMITED: time.time() - job.accepted_at < self.max_wait_seconds,
            RetryPolicy.ONCE: claim.unknown_calls == 0,
        }[error.retry_policy]
        if may_repeat:
            doubt = error.retry_policy is RetryPolicy.ONCE
            self.queue.release(
                claim, delay_seconds=max(error.retry_after, 1), is_unknown_call=doubt, is_throttled=error.is_throttled
            )
        else:
            self.queue.finish(claim, Failed(problem=wrong))

    def _make_withdrawn_problem(self, model: Model) -> Problem | None:
        """Name the models that can stand in for one that is gone, where there are any."""
        today = datetime.now(UTC).date()
        others = [
            other.name
            for other in self.catalogue.models_for_task(model.task)
            if other.key != model.key
            and not other.is_retired(today)
            and (other.picture != "none" or model.picture == "none")
        ]
        return make_problem("model_withdrawn", model=model.name, models=", ".join(others)) if others else None


def _to_outcome(job: Job, model: Model, result: GeneratedImage | FilteredResult) -> tuple[Outcome, bytes | None]:
    if isinstance(result, FilteredResult):
        log.info("job %s: filtered (%s) after %.1f s", job.id, result.part, result.duration_seconds)
        return Filtered(part=result.part, duration_seconds=result.duration_seconds), None
    log.info("job %s: generated with seed %s in %.1f s", job.id, result.seed, result.duration_seconds)
    made = Generated(
        seed=result.seed,
        media_type=result.media_type,
        width=result.width,
        height=result.height,
        duration_seconds=result.duration_seconds,
    )
    return made, embed_metadata(result.data, job.request, model, result.seed, job.id)
