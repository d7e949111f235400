"""Jobs for a model that this worker's catalogue lacks, because the bot reads another one."""

import logging

from shared.catalogue import Catalogue
from shared.outcome import Failed
from shared.problems import make_problem
from worker.ports import Claim, JobQueue

log = logging.getLogger(__name__)


def fail_unknown_model(queue: JobQueue, catalogue: Catalogue, claim: Claim) -> None:
    """Finish the job as Failed, and tell the operator which file to compare. Raises `QueueUnavailableError`."""
    key = claim.job.request.model
    log.critical(
        "job %s: the bot accepts the model %s, which this worker does not know: %s lacks it. "
        "Give bot and worker the same CATALOGUE_FILE and release, then start both again",
        claim.job.id,
        key,
        catalogue.source,
    )
    queue.finish(claim, Failed(problem=make_problem("model_gone", model=key)))
