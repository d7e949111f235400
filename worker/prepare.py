"""The prepare stage of a claimed job: from the uploaded pictures to those that the model accepts."""

import logging
from dataclasses import replace

from shared.catalogue import Catalogue
from shared.imaging.carried_ingredients import attach_ingredient
from shared.imaging.limits import ImageRejectedError
from shared.imaging.problems import make_picture_problem
from shared.outcome import Failed
from shared.problems import RejectedError, make_problem
from shared.request.bundles import has_needed_pictures, pack_pictures, unpack_pictures
from shared.request.output_format import fit_output_format
from shared.request.output_size import require_allowed_size
from shared.request.pictures import Pictures
from worker.imaging.pictures import prepare_pictures
from worker.ingredients import build_ingredient
from worker.ports import Claim, JobQueue
from worker.unknown_model import fail_unknown_model

log = logging.getLogger(__name__)


def prepare_job(queue: JobQueue, catalogue: Catalogue, claim: Claim, *, keeps_credentials: bool = False) -> None:
    """Promote the job to the generate stage, or finish it as Failed if its picture cannot be used.

    With `keeps_credentials`, those of the upload go along, to become an ingredient of a signed result.
    """
    job = claim.job
    model = catalogue.models.get(job.request.model)
    if model is None:
        fail_unknown_model(queue, catalogue, claim)
        return
    upload = queue.fetch_upload(job.id)
    uploads = Pictures() if upload is None else unpack_pictures(upload)
    del upload
    if not has_needed_pictures(uploads, job.request):
        queue.finish(claim, Failed(problem=make_problem("upload_expired")))
        return
    try:
        prepared = prepare_pictures(uploads, job.request, model)
        require_allowed_size(job.request, prepared.size)
        fit_output_format(job.request, model, lambda: prepared.size)
    except RejectedError as rejection:
        queue.finish(claim, Failed(problem=rejection.problems[0]))
        return
    except ImageRejectedError as error:
        log.info("job %s: the picture is rejected: %s", job.id, error.code)
        queue.finish(claim, Failed(problem=make_picture_problem(error)))
        return
    pictures = prepared.pictures
    if keeps_credentials and uploads.source is not None and pictures.source is not None:
        pictures = replace(pictures, source=attach_ingredient(pictures.source, build_ingredient(uploads.source)))
    queue.promote(claim, pack_pictures(pictures) or b"")
