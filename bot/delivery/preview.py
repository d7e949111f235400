"""Builds the preview of a picture, which takes the place of the status message in the channel."""

import io

import discord

from bot.delivery.result_message import build_file_stem
from bot.interactions.responses import RenderedMessage
from bot.interactions.result_buttons import build_preview_rows
from bot.rendering.outcome_views import build_preview_view
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.job import Job
from shared.outcome import Generated


def build_preview(job: Job, generated: Generated, thumbnail: bytes, link: str, catalogue: Catalogue) -> RenderedMessage:
    """Build the message that shows a JPEG `thumbnail`; `link` leads to the full picture."""
    messages = load_messages(job.locale)
    filename = f"{build_file_stem(job.id, generated.seed)}-preview.jpg"
    view = build_preview_view(
        job,
        generated,
        catalogue.models.get(job.request.model),
        messages,
        filename=filename,
        link=link,
        rows=build_preview_rows(job.id, job.request, catalogue, messages),
    )
    return RenderedMessage(view, [discord.File(io.BytesIO(thumbnail), filename=filename)])
