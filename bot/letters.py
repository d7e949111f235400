"""The message that shows a picture, for whoever posts it: its view and its file."""

import asyncio
import io
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import discord
from discord import ui

from bot.phrases import Phrases
from bot.render import number, result_view
from bot.render.answers import Made
from bot.upload import fit_upload
from bot.views import result_rows
from shared.catalogue import Catalogue
from shared.job import Job
from shared.pictures import PictureType


class Letter(TypedDict):
    """The part of a message that tells an outcome, as `discord.abc.Messageable.send` takes it."""

    view: ui.LayoutView
    files: NotRequired[list[discord.File]]


async def with_picture(
    job: Job,
    made: Made,
    picture: bytes,
    phrases: Phrases,
    *,
    catalogue: Catalogue,
    limit: int,
    seconds: float,
    notes: Sequence[str] = (),
) -> Letter:
    """Write the message that shows a job's picture within `limit` bytes. Encoding is done off the loop.

    `seconds` is from the command to the picture. Raises ValueError when the picture cannot be uploaded.
    """
    fits = len(picture) <= limit  # then there is nothing to encode
    fitted, kind = fit_upload(picture, limit) if fits else await asyncio.to_thread(fit_upload, picture, limit)
    if fitted is not picture:
        notes = (*notes, _reencoded(limit, kind, phrases))
    file = f"{stem(job.id, made.seed)}.{kind.extension}"
    rows = result_rows(job.id, job.request, catalogue, phrases)
    model = catalogue.models.get(job.request.model)
    view = result_view(job, made, model, phrases, file=file, seconds=seconds, notes=notes, rows=rows)
    return Letter(view=view, files=[discord.File(io.BytesIO(fitted), filename=file)])


def stem(job_id: str, seed: int | None) -> str:
    """Name the file of a picture, but for its end."""
    return "-".join(str(part) for part in ("pentimento", job_id, seed) if part is not None)


def _reencoded(limit: int, kind: PictureType, phrases: Phrases) -> str:
    amount = f"{number(round(limit / 1024**2, 1), phrases)}\u00a0{phrases.say('unit.MiB')}"
    return phrases.say("upload.reencoded", limit=amount, kind=kind.name)
