"""Prepare one claimed job: from the picture as it was uploaded to the one that its model accepts."""

import logging

from shared.catalogue import Catalogue
from shared.imaging.limits import ImageRejectedError
from shared.outcome import Failed
from shared.problems import Problem, make_problem
from worker.imaging.preparation import prepare_image
from worker.ports import Claim, JobQueue

log = logging.getLogger(__name__)


def prepare_job(queue: JobQueue, catalogue: Catalogue, claim: Claim) -> None:
    """Promote the job to the generate lane, or end it as Failed with what is wrong with its picture."""
    job = claim.job
    model = catalogue.models.get(job.request.model)
    if model is None:
        queue.finish(claim, Failed(problem=make_problem("model_gone", model=job.request.model)))
        return
    source = queue.fetch_upload(job.id)
    if source is None:
        queue.finish(claim, Failed(problem=make_problem("no_longer_kept")))
        return
    try:
        prepared = prepare_image(source, model.accepted_sizes, job.request.fit or "crop")
    except ImageRejectedError as refused:
        log.info("job %s: the picture is refused: %s", job.id, refused.code)
        queue.finish(claim, Failed(problem=make_picture_problem(refused)))
        return
    queue.promote(claim, prepared.data)


def make_picture_problem(error: ImageRejectedError) -> Problem:
    """Give the words' code for what imaging found."""
    return Problem(code=f"picture_{error.code}", facts=dict(error.facts))
