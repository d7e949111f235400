"""Builds the message that shows an outcome: its view and, with a picture, its file."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, assert_never

from discord import ui

from bot.delivery.destinations import Destination
from bot.delivery.entry_message import build_entry_message
from bot.delivery.result_message import MessagePayload, build_result_message
from bot.domain.status import JobStatus
from bot.interactions.result_buttons import build_notice_rows
from bot.rendering.layout import ActionRows
from bot.rendering.outcome_views import (
    build_expired_view,
    build_failed_view,
    build_filtered_view,
    format_cost_notes,
)
from shared.catalogue import Catalogue, Model
from shared.i18n.messages import Messages, load_messages
from shared.job import Job
from shared.outcome import Failed, Filtered, FilteredPart, Generated, Outcome
from shared.problems import make_problem
from shared.request.conversion import find_alternative_models

log = logging.getLogger(__name__)

_UNAVAILABLE_MODEL_CODES: Final = frozenset({"model_gone", "model_withdrawn"})


async def build_outcome_message(
    status: JobStatus,
    outcome: Outcome,
    image: bytes | None,
    *,
    destination: Destination,
    max_bytes: int,
    catalogue: Catalogue,
) -> MessagePayload:
    """Build the message of a finished job, with its picture encoded in a thread to fit into `max_bytes`.

    `image` is None where there is no picture, or none any more.
    """
    job = status.job
    messages = load_messages(job.requester.locale if destination.is_private else job.locale)
    notes = (*destination.notes, *format_cost_notes(outcome, status.unknown_calls, messages))
    if job.entry is not None:
        return await build_entry_message(job, outcome, image, notes=notes, max_bytes=max_bytes)
    if isinstance(outcome, Generated) and image is not None:
        assumed = (messages.text("result.seed_assumed"),) if outcome.is_seed_assumed else ()
        try:
            return await build_result_message(
                job,
                outcome,
                image,
                messages,
                catalogue=catalogue,
                max_bytes=max_bytes,
                notes=(*notes, *assumed),
            )
        except ValueError:
            log.exception("job %s: its picture cannot be uploaded; check the model's response", job.id)
            outcome = Failed(problem=make_problem("internal"))
    alternatives = _find_alternative_models(status, outcome, catalogue)
    refused = isinstance(outcome, Filtered) and outcome.part is not FilteredPart.OUTPUT
    rows = build_notice_rows(
        job.id,
        job.request,
        catalogue,
        messages,
        alternatives=alternatives,
        refused=refused,
        can_report=isinstance(outcome, Filtered) and not job.origin.is_direct_message,
    )
    return MessagePayload(view=_build_notice_view(job, outcome, messages, notes, rows))


def _build_notice_view(
    job: Job, outcome: Outcome, messages: Messages, notes: Sequence[str], rows: ActionRows
) -> ui.LayoutView:
    match outcome:
        case Generated():
            return build_expired_view(job, outcome, messages, notes=notes, rows=rows)
        case Filtered():
            return build_filtered_view(job, outcome, messages, notes=notes, rows=rows)
        case Failed():
            return build_failed_view(job, outcome, messages, notes=notes, rows=rows)
        case _:
            assert_never(outcome)


def _find_alternative_models(status: JobStatus, outcome: Outcome, catalogue: Catalogue) -> Sequence[Model]:
    """Return the models to offer instead of one that is no longer available."""
    if not isinstance(outcome, Failed) or outcome.problem.code not in _UNAVAILABLE_MODEL_CODES:
        return ()
    today = datetime.fromtimestamp(status.state_since, UTC).date()
    return find_alternative_models(status.job.request, catalogue, today)
