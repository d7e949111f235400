"""What is posted about an outcome: the view and, where a picture goes with it, its file."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from bot.deliver.spots import Spot
from bot.letters import Letter, with_picture
from bot.phrases import phrases_for
from bot.ports import Standing
from bot.render import expired_view, failed_view, filtered_view
from bot.views import notice_rows
from shared.catalogue import Catalogue, Model
from shared.errors import problem
from shared.outcome import Failed, Filtered, Generated
from shared.request import others_for

log = logging.getLogger(__name__)

_GONE: Final = frozenset({"model_gone", "model_withdrawn", "model_off"})


async def letter(standing: Standing, picture: bytes | None, spot: Spot, limit: int, catalogue: Catalogue) -> Letter:
    """Write the message about a finished job, its picture within `limit` bytes. Encoding is done off the loop."""
    job, outcome = standing.job, standing.outcome
    phrases = phrases_for(job.requester.locale)
    if isinstance(outcome, Generated) and picture is not None:
        return await _with_picture(standing, outcome, picture, spot=spot, limit=limit, catalogue=catalogue)
    rows = notice_rows(job.id, job.request, catalogue, phrases, others=_others(standing, catalogue))
    match outcome:
        case Filtered():
            return Letter(view=filtered_view(job, outcome, phrases, notes=spot.notes, rows=rows))
        case Failed():
            return Letter(view=failed_view(job, outcome, phrases, notes=spot.notes, rows=rows))
        case Generated():
            return Letter(view=expired_view(job, outcome, phrases, notes=spot.notes, rows=rows))
    raise TypeError(f"job {job.id} has no outcome yet: {standing.state}")


async def _with_picture(
    standing: Standing, made: Generated, picture: bytes, *, spot: Spot, limit: int, catalogue: Catalogue
) -> Letter:
    job = standing.job
    phrases = phrases_for(job.requester.locale)
    seconds = standing.since - job.accepted_at
    try:
        return await with_picture(
            job, made, picture, phrases, catalogue=catalogue, limit=limit, seconds=seconds, notes=spot.notes
        )
    except ValueError:
        log.exception("job %s: its picture cannot be uploaded; look at what the model answers", job.id)
        failed = Failed(problem=problem("internal"))
        rows = notice_rows(job.id, job.request, catalogue, phrases)
        return Letter(view=failed_view(job, failed, phrases, notes=spot.notes, rows=rows))


def _others(standing: Standing, catalogue: Catalogue) -> Sequence[Model]:
    """Give the models that may be asked instead, where the one that was asked is gone."""
    if not isinstance(standing.outcome, Failed) or standing.outcome.problem.code not in _GONE:
        return ()
    return others_for(standing.job.request, catalogue, datetime.fromtimestamp(standing.since, UTC).date())
