"""The messages with which `/show` answers where a job's picture no longer exists."""

from types import MappingProxyType
from typing import Final

from discord import ui

from bot.rendering.layout import ActionRows, format_requester
from bot.rendering.outcome_views import FAILED_COLOUR, GenerationFacts, build_outcome_view, format_generation
from shared.catalogue import Model
from shared.i18n.messages import Messages
from shared.job import Job

_TITLE_KEYS: Final = MappingProxyType({"filtered": "filtered.title", "cancelled": "failed.cancelled"})


def build_missing_picture_view(
    job: Job, generation: GenerationFacts, model: Model | None, messages: Messages, *, rows: ActionRows = ()
) -> ui.LayoutView:
    """Say that the picture is no longer stored anywhere, and how it was generated."""
    return build_outcome_view(
        job,
        FAILED_COLOUR,
        ui.TextDisplay(f"### {messages.text('missing_picture.title')}"),
        ui.TextDisplay(messages.text("missing_picture.explanation")),
        *map(ui.TextDisplay, format_generation(job, generation.seed, model, messages)),
        rows=rows,
    )


def build_ended_view(
    job: Job, reason: str, link: str | None, messages: Messages, *, rows: ActionRows = ()
) -> ui.LayoutView:
    """Say that a job ended without a picture, and link to the message that explains why, if there is one.

    `reason` is a record's `missing_image_reason`. The queue has forgotten the details by now.
    """
    title = messages.text(_TITLE_KEYS.get(reason, "failed.title"))
    where = (
        messages.text("no_picture.reason_forgotten") if link is None else messages.text("no_picture.reason", where=link)
    )
    return build_outcome_view(
        job,
        FAILED_COLOUR,
        ui.TextDisplay(f"### {title}"),
        ui.TextDisplay(where),
        ui.TextDisplay(format_requester(job, messages)),
        rows=rows,
    )
