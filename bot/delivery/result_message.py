"""Builds the message that shows a picture: its view and its file."""

import asyncio
import contextlib
import io
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import discord
from discord import ui

from bot.images.upload_limit import fit_to_upload_limit, measure_image
from bot.interactions.result_buttons import build_result_rows
from bot.rendering.outcome_views import GenerationFacts, build_result_view
from bot.rendering.settings_text import format_number
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages
from shared.imaging.fitting import format_size
from shared.imaging.limits import ImageRejectedError
from shared.imaging.sniffing import ImageType
from shared.imaging.xmp import SourceType
from shared.job import Job
from shared.notes import Note, make_note
from shared.request.model import Request


class MessagePayload(TypedDict):
    """Arguments of `discord.abc.Messageable.send`."""

    view: ui.LayoutView
    files: NotRequired[list[discord.File]]


async def build_result_message(
    job: Job,
    facts: GenerationFacts,
    image: bytes,
    messages: Messages,
    *,
    catalogue: Catalogue,
    max_bytes: int,
    notes: Sequence[str] = (),
) -> MessagePayload:
    """Build the message of a job's picture, which is encoded again in a thread if it exceeds `max_bytes`.

    Raises `ValueError` if it cannot be uploaded.
    """
    fitted, image_type = await _fit_picture(image, max_bytes, job.request)
    if fitted is not image:
        notes = (*notes, _describe_reencoding(max_bytes, image_type, messages))
    job = job.model_copy(update={"notes": tuple(_add_result_size(note, fitted) for note in job.notes)})
    file = _build_file(job.id, facts.seed, fitted, image_type)
    view = build_result_view(
        job,
        facts,
        catalogue.models.get(job.request.model),
        messages,
        filename=file.filename,
        notes=notes,
        rows=build_result_rows(job.id, job.request, catalogue, messages),
    )
    return MessagePayload(view=view, files=[file])


async def build_picture_file(job: Job, seed: int | None, image: bytes, max_bytes: int) -> discord.File:
    """Build the file of a job's picture, which is encoded again in a thread if it exceeds `max_bytes`.

    Raises `ValueError` and `ImageRejectedError` if it cannot be uploaded.
    """
    return _build_file(job.id, seed, *await _fit_picture(image, max_bytes, job.request))


def build_file_stem(job_id: str, seed: int | None) -> str:
    """Return the name of a picture's file, without its extension."""
    return "-".join(str(part) for part in ("pentimento", job_id, seed) if part is not None)


def _add_result_size(note: Note, image: bytes) -> Note:
    """Complete the note that a picture was enlarged with the size of the result, if that can be read."""
    with contextlib.suppress(ImageRejectedError):
        if note.code == "enlarged":
            return make_note(note.code, **note.facts, result=format_size(measure_image(image)))
    return note


def _describe_reencoding(max_bytes: int, image_type: ImageType, messages: Messages) -> str:
    limit = f"{format_number(round(max_bytes / 1024**2, 1), messages)}\u00a0{messages.text('unit.MiB')}"
    return messages.text("upload.reencoded", limit=limit, kind=image_type.name)


async def _fit_picture(image: bytes, max_bytes: int, request: Request) -> tuple[bytes, ImageType]:
    source_type = SourceType.choose(has_picture=request.has_picture)
    if len(image) <= max_bytes:  # then nothing is encoded
        return fit_to_upload_limit(image, max_bytes, source_type)
    return await asyncio.to_thread(fit_to_upload_limit, image, max_bytes, source_type)


def _build_file(job_id: str, seed: int | None, data: bytes, image_type: ImageType) -> discord.File:
    return discord.File(io.BytesIO(data), filename=f"{build_file_stem(job_id, seed)}.{image_type.extension}")
