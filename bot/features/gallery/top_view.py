"""The message of `/top`: a contact sheet, and a line with a link for each picture or person."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from discord import ui

from bot.features.gallery.store import TopResult
from bot.images.contact_sheet import Cell
from bot.rendering.layout import build_attached_gallery, build_container_view
from bot.rendering.markdown import escape_markdown, flatten_text, format_request_prompt, truncate_text
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages

SHEET_FILENAME: Final = "top.jpg"
_CAPTION_LIMIT: Final = 60
_PROMPT_LIMIT: Final = 140
_NAME_LIMIT: Final = 40


class TopPeriod(StrEnum):
    """The last 7 days, the last 30, or all time."""

    WEEK = "week"
    MONTH = "month"
    EVER = "ever"


class TopKind(StrEnum):
    """Pictures by favourites, or people by rounds won."""

    PICTURES = "pictures"
    PEOPLE = "people"


def build_top_view(
    results: Sequence[TopResult], period: TopPeriod, kind: TopKind, messages: Messages, catalogue: Catalogue
) -> ui.LayoutView:
    """List the results, whose contact sheet is attached as `SHEET_FILENAME`. It is covered if one is a spoiler."""
    title: ui.TextDisplay[Any] = ui.TextDisplay(f"### {messages.text(f'top.{kind}_{period}')}")
    if not results:
        return build_container_view(title, ui.TextDisplay(messages.text(f"top.no_{kind}")))
    described = [
        f"{number}. {_describe(result, messages, catalogue)}: {_format_counts(result, messages)}"
        for number, result in enumerate(results, 1)
    ]
    alt_text = f"{messages.text('history.alt')} {'; '.join(described)}"
    is_spoiler = any(result.record.job.is_spoiler for result in results)
    lines = [_format_line(number, result, kind, messages, catalogue) for number, result in enumerate(results, 1)]
    sheet = build_attached_gallery(SHEET_FILENAME, alt_text, is_spoiler=is_spoiler)
    return build_container_view(title, sheet, ui.TextDisplay("\n".join(lines)))


def build_cells(results: Sequence[TopResult], thumbnails: Sequence[bytes | None], messages: Messages) -> list[Cell]:
    """Build the captioned cells of the contact sheet."""
    return [
        Cell(
            thumbnail,
            truncate_text(f"{result.record.job.requester.name}: {_format_counts(result, messages)}", _CAPTION_LIMIT),
            placeholder=messages.text("history.gone"),
            fallback_caption=_format_counts(result, messages),
        )
        for result, thumbnail in zip(results, thumbnails, strict=True)
    ]


def _format_line(number: int, result: TopResult, kind: TopKind, messages: Messages, catalogue: Catalogue) -> str:
    job, message = result.record.job, result.record.message
    link = message.build_link(job.origin.guild_id) if message and not message.is_private else ""
    author = f"<@{job.requester.id}>"
    prompt = escape_markdown(_get_title(result, catalogue), _PROMPT_LIMIT)
    parts = (
        f"**{number}.** {author if kind is TopKind.PEOPLE else messages.text('language.quoted', words=prompt)}",
        author if kind is TopKind.PICTURES else "",
        _format_counts(result, messages),
        f"[{messages.text('queue.open')}]({link})" if link else "",
    )
    return " · ".join(filter(None, parts))


def _describe(result: TopResult, messages: Messages, catalogue: Catalogue) -> str:
    title = truncate_text(_get_title(result, catalogue), _PROMPT_LIMIT)
    name = truncate_text(flatten_text(result.record.job.requester.name), _NAME_LIMIT)
    return messages.text("top.picture_by", words=title, name=name)


def _format_counts(result: TopResult, messages: Messages) -> str:
    parts = (
        messages.text("gallery.favourites", count=result.favourites) if result.favourites else "",
        messages.text("top.wins", count=result.wins) if result.wins else "",
    )
    return ", ".join(filter(None, parts))


def _get_title(result: TopResult, catalogue: Catalogue) -> str:
    """Return the prompt of a picture, or the name of its model if it has none."""
    request = result.record.job.request
    model = catalogue.models.get(request.model)
    return format_request_prompt(request) or flatten_text(model.name if model else request.model)
