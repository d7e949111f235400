"""The message that shows a picture, for whoever posts it: its view and its file."""

import asyncio
import io
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import discord
from discord import ui

from bot.i18n import Messages
from bot.images.upload import fit_to_upload_limit
from bot.interactions.result_buttons import build_result_rows
from bot.rendering.outcome_views import GenerationFacts, build_result_view
from bot.rendering.settings_text import format_number
from shared.catalogue import Catalogue
from shared.imaging.metadata import ImageType
from shared.job import Job


class MessagePayload(TypedDict):
    """The part of a message that tells an outcome, as `discord.abc.Messageable.send` takes it."""

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
    elapsed_seconds: float,
    notes: Sequence[str] = (),
) -> MessagePayload:
    """Write the message that shows a job's picture within `limit` bytes. Encoding is done off the loop.

    `seconds` is from the command to the picture. Raises ValueError when the picture cannot be uploaded.
    """
    fits = len(image) <= max_bytes  # then there is nothing to encode
    fitted, kind = (
        fit_to_upload_limit(image, max_bytes)
        if fits
        else await asyncio.to_thread(fit_to_upload_limit, image, max_bytes)
    )
    if fitted is not image:
        notes = (*notes, _describe_reencoding(max_bytes, kind, messages))
    file = f"{build_file_stem(job.id, facts.seed)}.{kind.extension}"
    rows = build_result_rows(job.id, job.request, catalogue, messages)
    model = catalogue.models.get(job.request.model)
    view = build_result_view(
        job, facts, model, messages, filename=file, total_seconds=elapsed_seconds, notes=notes, rows=rows
    )
    return MessagePayload(view=view, files=[discord.File(io.BytesIO(fitted), filename=file)])


def build_file_stem(job_id: str, seed: int | None) -> str:
    """Name the file of a picture, but for its end."""
    return "-".join(str(part) for part in ("pentimento", job_id, seed) if part is not None)


def _describe_reencoding(max_bytes: int, kind: ImageType, messages: Messages) -> str:
    amount = f"{format_number(round(max_bytes / 1024**2, 1), messages)}\u00a0{messages.text('unit.MiB')}"
    return messages.text("upload.reencoded", limit=amount, kind=kind.name)
