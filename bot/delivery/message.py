"""What is posted about an outcome: the view and, where a picture goes with it, its file."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from bot.delivery.destinations import Destination
from bot.delivery.result_message import MessagePayload, build_result_message
from bot.domain.status import JobStatus
from bot.i18n import load_messages
from bot.interactions.result_buttons import build_notice_rows
from bot.rendering.outcome_views import build_expired_view, build_failed_view, build_filtered_view
from shared.catalogue import Catalogue, Model
from shared.outcome import Failed, Filtered, Generated
from shared.problems import make_problem
from shared.request.conversion import find_alternative_models

log = logging.getLogger(__name__)

_UNAVAILABLE_MODEL_CODES: Final = frozenset({"model_gone", "model_withdrawn", "model_off"})


async def build_outcome_message(
    status: JobStatus, image: bytes | None, destination: Destination, max_bytes: int, catalogue: Catalogue
) -> MessagePayload:
    """Write the message about a finished job, its picture within `limit` bytes. Encoding is done off the loop."""
    job, outcome = status.job, status.outcome
    phrases = load_messages(job.requester.locale)
    if isinstance(outcome, Generated) and image is not None:
        return await _build_generated_message(
            status, outcome, image, destination=destination, max_bytes=max_bytes, catalogue=catalogue
        )
    rows = build_notice_rows(
        job.id, job.request, catalogue, phrases, alternatives=_find_alternative_models(status, catalogue)
    )
    match outcome:
        case Filtered():
            return MessagePayload(view=build_filtered_view(job, outcome, phrases, notes=destination.notes, rows=rows))
        case Failed():
            return MessagePayload(view=build_failed_view(job, outcome, phrases, notes=destination.notes, rows=rows))
        case Generated():
            return MessagePayload(view=build_expired_view(job, outcome, phrases, notes=destination.notes, rows=rows))
    raise TypeError(f"job {job.id} has no outcome yet: {status.state}")


async def _build_generated_message(
    status: JobStatus,
    generated: Generated,
    image: bytes,
    *,
    destination: Destination,
    max_bytes: int,
    catalogue: Catalogue,
) -> MessagePayload:
    job = status.job
    phrases = load_messages(job.requester.locale)
    seconds = status.state_since - job.accepted_at
    try:
        return await build_result_message(
            job,
            generated,
            image,
            phrases,
            catalogue=catalogue,
            max_bytes=max_bytes,
            elapsed_seconds=seconds,
            notes=destination.notes,
        )
    except ValueError:
        log.exception("job %s: its picture cannot be uploaded; look at what the model answers", job.id)
        failed = Failed(problem=make_problem("internal"))
        rows = build_notice_rows(job.id, job.request, catalogue, phrases)
        return MessagePayload(view=build_failed_view(job, failed, phrases, notes=destination.notes, rows=rows))


def _find_alternative_models(status: JobStatus, catalogue: Catalogue) -> Sequence[Model]:
    """Give the models that may be asked instead, where the one that was asked is gone."""
    if not isinstance(status.outcome, Failed) or status.outcome.problem.code not in _UNAVAILABLE_MODEL_CODES:
        return ()
    return find_alternative_models(
        status.job.request, catalogue, datetime.fromtimestamp(status.state_since, UTC).date()
    )
