"""A page of past jobs: a contact sheet, a line for each with the way to its answer, what opens one and turns it."""

from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import SelectOption, ui

from bot.domain.records import JobRecord
from bot.domain.search import SearchPage
from bot.i18n import Messages
from bot.images import Cell
from bot.rendering.job_list import build_origin_link
from bot.rendering.markdown import escape_markdown, flatten_text, format_request_prompt, truncate_text
from bot.rendering.status_text import format_duration
from shared.catalogue import Catalogue

PAGE_SIZE: Final = 9
CONTACT_SHEET_FILENAME: Final = "sheet.jpg"
_ALT_TEXT_LIMIT: Final = 1024
_CAPTION_LIMIT: Final = 60
_HEADING_LIMIT: Final = 400
_OPTION_LABEL_LIMIT: Final = 100
_MODEL_NAME_LIMIT: Final = 40
_CHOICE_PROMPT_LIMIT: Final = 60
_PROMPT_LIMIT: Final = 140


def build_history_view(
    page: SearchPage,
    page_number: int,
    heading: str,
    messages: Messages,
    catalogue: Catalogue,
    *,
    viewer: int,
    rows: Sequence[ui.ActionRow[Any]] = (),
) -> ui.LayoutView:
    """Show page `number` (from 1) of what was found, whose contact sheet is attached as `SHEET`.

    `heading` says what was searched for; `rows` are the components below.
    """
    pages = count_pages(page)
    count = messages.text("history.count", count=page.total_count, page=page_number, pages=pages)
    container = ui.Container[ui.LayoutView](ui.TextDisplay(f"### {truncate_text(heading, _HEADING_LIMIT)}\n{count}"))
    if page.records:
        alt = truncate_text(
            f"{messages.text('history.alt')} {'; '.join(_format_numbered_prompts(page, catalogue))}", _ALT_TEXT_LIMIT
        )
        container.add_item(
            ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{CONTACT_SHEET_FILENAME}", description=alt))
        )
        lines = [_format_line(n, past, messages, catalogue, viewer) for n, past in enumerate(page.records, 1)]
        container.add_item(ui.TextDisplay("\n".join(lines)))
    for row in rows:
        container.add_item(row)
    view = ui.LayoutView(timeout=None)
    view.add_item(container)
    return view


def count_pages(page: SearchPage) -> int:
    """Count the pages, of which there is one at least."""
    return max(1, -(-page.total_count // PAGE_SIZE))


def build_job_options(page: SearchPage, catalogue: Catalogue) -> list[SelectOption]:
    """Give the jobs of a page to choose from, by their ids."""
    return [
        SelectOption(
            label=truncate_text(name, _OPTION_LABEL_LIMIT),
            value=past.job.id,
            description=_get_model_name(past, catalogue, _OPTION_LABEL_LIMIT) or None,
        )
        for name, past in zip(_format_numbered_prompts(page, catalogue), page.records, strict=True)
    ]


def build_contact_sheet_cells(
    page: SearchPage, thumbnails: Sequence[bytes | None], messages: Messages, catalogue: Catalogue
) -> list[Cell]:
    """Caption the thumbnails; where there is none, or a broken one, a word says why."""
    return [
        Cell(
            picture,
            truncate_text(format_request_prompt(past.job.request), _CAPTION_LIMIT)
            or _get_model_name(past, catalogue, _CAPTION_LIMIT),
            placeholder=messages.text(f"history.{past.missing_image_reason}"),
            fallback_caption=_get_model_name(past, catalogue, _CAPTION_LIMIT),
        )
        for past, picture in zip(page.records, thumbnails, strict=True)
    ]


def build_choice_name(record: JobRecord, catalogue: Catalogue, messages: Messages, now: float) -> str:
    """Name a job in 100 characters: what was asked for, and how long ago at `now`, in Unix seconds."""
    ago = messages.text("history.ago", time=format_duration(now - record.job.accepted_at, messages))
    ending = f" · {why}" if (why := _format_missing_reason(record, messages)) else ""
    prompt = format_request_prompt(record.job.request) or _get_model_name(record, catalogue, _MODEL_NAME_LIMIT)
    return truncate_text(f"{truncate_text(prompt, _CHOICE_PROMPT_LIMIT)} · {ago}{ending}", _OPTION_LABEL_LIMIT)


def _format_numbered_prompts(page: SearchPage, catalogue: Catalogue) -> list[str]:
    """Number the jobs of a page, each with its prompt, or with its model where it has none."""
    return [
        f"{n}. {format_request_prompt(past.job.request) or _get_model_name(past, catalogue, _MODEL_NAME_LIMIT)}"
        for n, past in enumerate(page.records, 1)
    ]


def _format_missing_reason(record: JobRecord, messages: Messages) -> str:
    """Tell why there is no picture of a job; nothing where one was made and not deleted."""
    made = record.outcome_kind == "generated" and not record.is_deleted
    return "" if made else messages.text(f"history.{record.missing_image_reason}")


def _format_line(number: int, record: JobRecord, messages: Messages, catalogue: Catalogue, viewer: int) -> str:
    job = record.job
    prompt = escape_markdown(format_request_prompt(job.request), _PROMPT_LIMIT)
    link = record.message.build_link(job.origin.guild_id) if record.message else build_origin_link(job.origin)
    parts = (
        f"**{number}.** "
        + (
            messages.text("language.quoted", words=prompt)
            if prompt
            else escape_markdown(_get_model_name(record, catalogue, _MODEL_NAME_LIMIT), _MODEL_NAME_LIMIT)
        ),
        escape_markdown(_get_model_name(record, catalogue, _MODEL_NAME_LIMIT), _MODEL_NAME_LIMIT) if prompt else "",
        f"<@{job.requester.id}>" if job.requester.id != viewer else "",
        _format_missing_reason(record, messages),
        f"<t:{int(job.accepted_at)}:d>",
        "" if record.is_deleted else f"[{messages.text('queue.open')}]({link})",
    )
    return " · ".join(filter(None, parts))


def _get_model_name(record: JobRecord, catalogue: Catalogue, limit: int) -> str:
    model = catalogue.models.get(record.job.request.model)
    return truncate_text(flatten_text(model.name if model else record.job.request.model), limit)
