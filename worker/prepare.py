"""The prepare stage of a claimed job: from the uploaded picture to one that the model accepts."""

import logging

from shared.catalogue import Catalogue
from shared.imaging.limits import ImageRejectedError
from shared.imaging.problems import make_picture_problem
from shared.outcome import Failed
from shared.problems import RejectedError, make_problem
from shared.request.output_format import fit_output_format
from worker.imaging.preparation import prepare_image
from worker.ports import Claim, JobQueue
from worker.unknown_model import fail_unknown_model

log = logging.getLogger(__name__)


def prepare_job(queue: JobQueue, catalogue: Catalogue, claim: Claim) -> None:
    """Promote the job to the generate stage, or finish it as Failed if its picture cannot be used."""
    job = claim.job
    model = catalogue.models.get(job.request.model)
    if model is None:
        fail_unknown_model(queue, catalogue, claim)
        return
    upload = queue.fetch_upload(job.id)
    if upload is None:
        queue.finish(claim, Failed(problem=make_problem("upload_expired")))
        return
    try:
        prepared = prepare_image(upload, model.accepted_sizes, job.request.fit or "crop")
        fit_output_format(job.request, model, lambda: prepared.width * prepared.height)
    except RejectedError as rejection:
        queue.finish(claim, Failed(problem=rejection.problems[0]))
        return
    except ImageRejectedError as error:
        log.info("job %s: the picture is rejected: %s", job.id, error.code)
        queue.finish(claim, Failed(problem=make_picture_problem(error)))
        return
    queue.promote(claim, prepared.data)
