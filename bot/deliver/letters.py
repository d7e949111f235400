"""What is posted about an outcome: the view and, where a picture goes with it, its file."""

import asyncio
import io
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NotRequired, TypedDict

import discord
from discord import ui

from bot.deliver.spots import Spot
from bot.phrases import Phrases, phrases_for
from bot.ports import Standing
from bot.render import expired_view, failed_view, filtered_view, number, result_view
from bot.upload import fit_upload
from bot.views import notice_rows, result_rows
from shared.catalogue import Catalogue, Model
from shared.errors import problem
from shared.outcome import Failed, Filtered, Generated
from shared.pictures import PictureType
from shared.request import others_for

log = logging.getLogger(__name__)

_GONE: Final = frozenset({"model_gone", "model_withdrawn", "model_off"})


class Letter(TypedDict):
    """The part of a message that tells the outcome, as `discord.abc.Messageable.send` takes it."""

    view: ui.LayoutView
    files: NotRequired[list[discord.File]]


async def letter(standing: Standing, picture: bytes | None, spot: Spot, limit: int, catalogue: Catalogue) -> Letter:
    """Write the message about a finished job, its picture within `limit` bytes. Encoding is done off the loop."""
    job, outcome = standing.job, standing.outcome
    phrases = phrases_for(job.requester.locale)
    rows = notice_rows(job.id, job.request, catalogue, phrases, others=_others(standing, catalogue))
    match outcome:
        case Filtered():
            return Letter(view=filtered_view(job, outcome, phrases, notes=spot.notes, rows=rows))
        case Failed():
            return Letter(view=failed_view(job, outcome, phrases, notes=spot.notes, rows=rows))
        case Generated():
            if picture is None:
                return Letter(view=expired_view(job, outcome, phrases, notes=spot.notes, rows=rows))
            return await _with_picture(standing, outcome, picture, spot=spot, limit=limit, catalogue=catalogue)
    raise TypeError(f"job {job.id} has no outcome yet: {standing.state}")


async def _with_picture(
    standing: Standing, made: Generated, picture: bytes, *, spot: Spot, limit: int, catalogue: Catalogue
) -> Letter:
    job = standing.job
    phrases = phrases_for(job.requester.locale)
    try:
        fitted, kind = await asyncio.to_thread(fit_upload, picture, limit)
    except ValueError:
        log.exception("job %s: its picture cannot be uploaded; look at what the model answers", job.id)
        failed = Failed(problem=problem("internal"))
        rows = notice_rows(job.id, job.request, catalogue, phrases)
        return Letter(view=failed_view(job, failed, phrases, notes=spot.notes, rows=rows))
    notes = spot.notes if fitted is picture else (*spot.notes, _reencoded(limit, kind, phrases))
    name = "-".join(str(part) for part in ("pentimento", job.id, made.seed) if part is not None)
    file = f"{name}.{kind.extension}"
    seconds = standing.since - job.accepted_at
    rows = result_rows(job.id, job.request, catalogue, phrases)
    model = catalogue.models.get(job.request.model)
    view = result_view(job, made, model, phrases, file=file, seconds=seconds, notes=notes, rows=rows)
    return Letter(view=view, files=[discord.File(io.BytesIO(fitted), filename=file)])


def _others(standing: Standing, catalogue: Catalogue) -> Sequence[Model]:
    """Give the models that may be asked instead, where the one that was asked is gone."""
    if not isinstance(standing.outcome, Failed) or standing.outcome.problem.code not in _GONE:
        return ()
    return others_for(standing.job.request, catalogue, datetime.fromtimestamp(standing.since, UTC).date())


def _reencoded(limit: int, kind: PictureType, phrases: Phrases) -> str:
    amount = f"{number(round(limit / 1024**2, 1), phrases)}\u00a0{phrases.say('unit.MiB')}"
    return phrases.say("upload.reencoded", limit=amount, kind=kind.name)
