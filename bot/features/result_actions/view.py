"""The details of a picture: how it was generated, shown to one person."""

from collections.abc import Iterator
from typing import Any, Final

import discord
from discord import ui

from bot.domain.records import GenerationSettings, JobRecord
from bot.rendering.layout import ActionRows, build_container_view, format_seed_block
from bot.rendering.markdown import escape_markdown, truncate_text
from bot.rendering.outcome_views import build_alt_text, build_job_notes
from bot.rendering.settings_text import format_number, format_settings
from shared.catalogue import Model
from shared.i18n.messages import Messages
from shared.prompts import split_negative_prompt

_PROMPT_LIMIT: Final = 1500
_NEGATIVE_PROMPT_LIMIT: Final = 600
_SETTINGS_LIMIT: Final = 1000
_ID_LIMIT: Final = 100


def build_details_view(
    settings: GenerationSettings,
    model: Model | None,
    messages: Messages,
    *,
    record: JobRecord | None = None,
    parent_link: str | None = None,
    picture_url: str | None = None,
    rows: ActionRows = (),
) -> ui.LayoutView:
    """Show how a picture was generated. `model` is None if it has left the catalogue.

    `record` is the job's record, if there is one, and `parent_link` the address of the result that the job started
    from. `picture_url` is given if the settings were read from the metadata of that picture and nothing else is known.
    """
    texts = (
        f"### {messages.text('details.title')}",
        *_format_prompts_and_seed(settings, messages),
        truncate_text(format_settings(settings.request, model, messages), _SETTINGS_LIMIT),
        "\n".join(_format_origin(settings, model, record, parent_link, messages)),
    )
    job_notes = record.job.notes if record else ()
    items: list[ui.Item[Any]] = [*map(ui.TextDisplay, texts), *build_job_notes(job_notes, messages)]
    if picture_url is not None:
        picture = discord.MediaGalleryItem(picture_url, description=build_alt_text(settings.request, model, messages))
        items.insert(1, ui.MediaGallery(picture))
        notes = ["details.written", *(["details.unsourced"] if settings.request.has_picture else [])]
        items.append(ui.TextDisplay(f"-# {' '.join(map(messages.text, notes))}"))
    return build_container_view(*items, *rows)


def _format_prompts_and_seed(settings: GenerationSettings, messages: Messages) -> Iterator[str]:
    prompt, negative = split_negative_prompt(settings.request.text_prompts)
    if prompt:
        yield f"**{messages.get_option_name('prompt')}** {escape_markdown(prompt, _PROMPT_LIMIT)}"
    if negative:
        yield f"**{messages.get_option_name('negative')}** {escape_markdown(negative, _NEGATIVE_PROMPT_LIMIT)}"
    if settings.seed is not None:
        yield format_seed_block(settings.seed, messages)


def _format_origin(
    settings: GenerationSettings,
    model: Model | None,
    record: JobRecord | None,
    parent_link: str | None,
    messages: Messages,
) -> Iterator[str]:
    if model is not None:
        yield messages.text("details.model", id=escape_markdown(model.id, _ID_LIMIT))
    if settings.author_id is not None:
        yield messages.text("details.requester", user=f"<@{settings.author_id}>")
    if record is not None:
        yield messages.text("details.requested_at", when=f"<t:{int(record.job.accepted_at)}:f>")
        if record.duration_seconds is not None:
            yield messages.text("details.seconds", seconds=format_number(round(record.duration_seconds, 1), messages))
        cost = messages.text("details.unknown") if record.cost_usd is None else messages.format_price(record.cost_usd)
        yield messages.text("details.cost", cost=cost)
    if parent_link is not None:
        yield messages.text("details.parent", where=parent_link)
    yield messages.text("details.request_number", id=escape_markdown(settings.job_id, _ID_LIMIT))
