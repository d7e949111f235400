"""What is posted about an outcome: the view and, where a picture goes with it, its file."""

import asyncio
import io
import logging
from typing import NotRequired, TypedDict

import discord
from discord import ui

from bot.deliver.spots import Spot
from bot.phrases import Phrases, phrases_for
from bot.ports import Standing
from bot.render import Rows, expired_view, failed_view, filtered_view, number, result_view
from bot.upload import fit_upload
from bot.views import result_rows
from shared.catalogue import Catalogue, Model
from shared.errors import problem
from shared.job import Job
from shared.outcome import Failed, Filtered, Generated
from shared.pictures import PictureType

log = logging.getLogger(__name__)


class Letter(TypedDict):
    """The part of a message that tells the outcome, as `discord.abc.Messageable.send` takes it."""

    view: ui.LayoutView
    files: NotRequired[list[discord.File]]


async def letter(standing: Standing, picture: bytes | None, spot: Spot, limit: int, catalogue: Catalogue) -> Letter:
    """Write the message about a finished job, its picture within `limit` bytes. Encoding is done off the loop."""
    job, outcome = standing.job, standing.outcome
    phrases = phrases_for(job.requester.locale)
    match outcome:
        case Filtered():
            return Letter(view=filtered_view(job, outcome, phrases, notes=spot.notes, rows=_rows(job, phrases)))
        case Failed():
            return Letter(view=failed_view(job, outcome, phrases, notes=spot.notes, rows=_rows(job, phrases)))
        case Generated():
            if picture is None:
                return Letter(view=expired_view(job, outcome, phrases, notes=spot.notes, rows=_rows(job, phrases)))
            model = catalogue.models.get(job.request.model)
            return await _with_picture(standing, outcome, picture, spot=spot, limit=limit, model=model)
    raise TypeError(f"job {job.id} has no outcome yet: {standing.state}")


async def _with_picture(
    standing: Standing, made: Generated, picture: bytes, *, spot: Spot, limit: int, model: Model | None
) -> Letter:
    job = standing.job
    phrases = phrases_for(job.requester.locale)
    try:
        fits = len(picture) <= limit  # then there is nothing to encode
        fitted, kind = fit_upload(picture, limit) if fits else await asyncio.to_thread(fit_upload, picture, limit)
    except ValueError:
        log.exception("job %s: its picture cannot be uploaded; look at what the model answers", job.id)
        failed = Failed(problem=problem("internal"))
        return Letter(view=failed_view(job, failed, phrases, notes=spot.notes, rows=_rows(job, phrases)))
    notes = spot.notes if fitted is picture else (*spot.notes, _reencoded(limit, kind, phrases))
    name = "-".join(str(part) for part in ("pentimento", job.id, made.seed) if part is not None)
    file = f"{name}.{kind.extension}"
    seconds = standing.since - job.accepted_at
    rows = result_rows(job.id, phrases, picture=True, upscales=False)
    view = result_view(job, made, model, phrases, file=file, seconds=seconds, notes=notes, rows=rows)
    return Letter(view=view, files=[discord.File(io.BytesIO(fitted), filename=file)])


def _rows(job: Job, phrases: Phrases) -> Rows:
    return result_rows(job.id, phrases, picture=False, upscales=False)


def _reencoded(limit: int, kind: PictureType, phrases: Phrases) -> str:
    amount = f"{number(round(limit / 1024**2, 1), phrases)}\u00a0{phrases.say('unit.MiB')}"
    return phrases.say("upload.reencoded", limit=amount, kind=kind.name)
