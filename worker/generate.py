"""Generate one claimed job: one call of the model, recorded before it starts, and what follows from its answer."""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.catalogue import Catalogue, Model
from shared.errors import Problem, problem
from shared.job import Job
from shared.outcome import Failed, Filtered, Generated, Outcome
from shared.request import problems_of
from worker.parameters import with_parameters
from worker.ports import Claim, Picture, Queue, Retry, Studio, Trouble, Withheld

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Generating:
    """The use case with what it stands on. `patience` is how many seconds a job may wait for Bedrock in all."""

    queue: Queue
    studio: Studio
    catalogue: Catalogue
    patience: float

    def run(self, claim: Claim) -> None:
        """End the job, or put it back: at most one repeat of a call that may have been billed."""
        job, queue = claim.job, self.queue
        model = self.catalogue.models.get(job.request.model)
        if model is None:
            queue.finish(claim, Failed(problem=problem("model_gone", model=job.request.model)))
            return
        wrong = problems_of(job.request, model, self.catalogue)
        if wrong:
            queue.finish(claim, Failed(problem=wrong[0]))
            return
        prepared = queue.prepared(job.id) if job.request.has_picture else None
        if job.request.has_picture and prepared is None:
            queue.finish(claim, Failed(problem=problem("no_longer_kept")))
            return
        if not queue.begin(claim):
            log.warning("job %s: the lease was lost before the call", job.id)
            return
        try:
            outcome, picture = _ending(job, model, self.studio.generate(job.request, model, prepared, job.seed))
        except Trouble as trouble:
            self._troubled(claim, trouble)
            return
        queue.finish(claim, outcome, picture)  # the answer is gone by now: many may wait here for the queue

    def _troubled(self, claim: Claim, trouble: Trouble) -> None:
        job, wrong = claim.job, trouble.problem
        log.warning("job %s: %s: %s", job.id, wrong.code, trouble.__cause__ or trouble)
        if trouble.switch_off:
            wrong = self._withdrawn(self.catalogue.models[job.request.model]) or wrong
            self.queue.switch_off(job.request.model, wrong)
        may_repeat = {
            Retry.NEVER: False,
            Retry.WAIT: time.time() - job.accepted_at < self.patience,
            Retry.ONCE: claim.doubts == 0,
        }[trouble.retry]
        if may_repeat:
            doubt = trouble.retry is Retry.ONCE
            self.queue.release(claim, after=max(trouble.after, 1), doubt=doubt, throttled=trouble.throttled)
        else:
            self.queue.finish(claim, Failed(problem=wrong))

    def _withdrawn(self, model: Model) -> Problem | None:
        """Name the models that can stand in for one that is gone, where there are any."""
        today = datetime.now(UTC).date()
        others = [
            other.name
            for other in self.catalogue.doing(model.task)
            if other.key != model.key
            and not other.retired(today)
            and (other.picture != "none" or model.picture == "none")
        ]
        return problem("model_withdrawn", model=model.name, models=", ".join(others)) if others else None


def _ending(job: Job, model: Model, answer: Picture | Withheld) -> tuple[Outcome, bytes | None]:
    if isinstance(answer, Withheld):
        log.info("job %s: filtered (%s) after %.1f s", job.id, answer.side, answer.seconds)
        return Filtered(side=answer.side, seconds=answer.seconds), None
    log.info("job %s: generated with seed %s in %.1f s", job.id, answer.seed, answer.seconds)
    made = Generated(
        seed=answer.seed,
        media_type=answer.media_type,
        width=answer.width,
        height=answer.height,
        seconds=answer.seconds,
    )
    return made, with_parameters(answer.data, job.request, model, answer.seed, job.id)
