"""Prepare one claimed job: from the picture as it was uploaded to the one that its model accepts."""

import logging

from shared.catalogue import Catalogue
from shared.errors import Problem, problem
from shared.outcome import Failed
from worker.imaging import PictureRefused, prepare
from worker.ports import Claim, Queue

log = logging.getLogger(__name__)


def prepare_job(queue: Queue, catalogue: Catalogue, claim: Claim) -> None:
    """Promote the job to the generate lane, or end it as Failed with what is wrong with its picture."""
    job = claim.job
    model = catalogue.models.get(job.request.model)
    if model is None:
        queue.finish(claim, Failed(problem=problem("model_gone", model=job.request.model)))
        return
    source = queue.source(job.id)
    if source is None:
        queue.finish(claim, Failed(problem=problem("no_longer_kept")))
        return
    try:
        prepared = prepare(source, model.accepts, job.request.fit or "crop")
    except PictureRefused as refused:
        log.info("job %s: the picture is refused: %s", job.id, refused.code)
        queue.finish(claim, Failed(problem=picture_problem(refused)))
        return
    queue.promote(claim, prepared.data)


def picture_problem(refused: PictureRefused) -> Problem:
    """Give the words' code for what imaging found."""
    return Problem(code=f"picture_{refused.code}", facts=dict(refused.facts))
