"""The sheets of a batch: nine items each, with their pictures, states and reviews, and the selects to decide on them.

Everybody in the channel reads them. So they never name a request that a filter refused, nor show its words.
"""

from collections.abc import Sequence
from typing import Any, Final

from discord import ButtonStyle, SelectOption, ui

from bot.batches.board_view import RUNNING_COLOUR
from bot.batches.custom_ids import AcceptItemsId, AcceptSheetId, OpenItemId, RejectItemsId
from bot.batches.people import format_person
from bot.domain.batches import BatchItem, ItemState, Review
from bot.images.contact_sheet import Cell
from bot.interactions.components import build_button, build_select
from bot.rendering.layout import ALT_TEXT_LIMIT, build_attached_gallery, build_container_view
from bot.rendering.markdown import escape_markdown, escape_problem_text, flatten_text, truncate_text
from bot.rendering.outcome_views import GENERATED_COLOUR
from shared.i18n.messages import Messages
from shared.problems import Actor

SHEET_COLUMNS: Final = 3
SHEET_FILENAME: Final = "sheet.jpg"
_NAME_LIMIT: Final = 80
_REASON_LIMIT: Final = 200
_LABEL_LIMIT: Final = 100
_CAPTION_LIMIT: Final = 60


def is_undecided(item: BatchItem) -> bool:
    """Tell whether an item has a picture that waits for a decision."""
    return item.state is ItemState.GENERATED and item.review is Review.UNDECIDED


def build_sheet_view(
    batch_id: str, sheet: int, items: Sequence[BatchItem], messages: Messages, component_id: int
) -> ui.LayoutView:
    """Build a sheet of one to nine items; its container is recognised by the id."""
    undecided = [item for item in items if is_undecided(item)]
    parts: list[ui.Item[Any]] = [
        ui.TextDisplay(f"### {_format_title(items, messages)}"),
        build_attached_gallery(SHEET_FILENAME, format_alt_text(items, messages)),
        ui.TextDisplay("\n".join(format_line(item, messages) for item in items)),
        ui.ActionRow(
            build_select(OpenItemId(batch_id, sheet), _text(messages, "open"), _list_options(items, messages))
        ),
    ]
    if undecided:
        options = _list_options(undecided, messages)
        for id_type, key in ((AcceptItemsId, "accept"), (RejectItemsId, "reject")):
            select = build_select(id_type(batch_id, sheet), _text(messages, key), options, max_values=len(options))
            parts.append(ui.ActionRow(select))
        label = _text(messages, "accept_all", count=len(undecided))
        parts.append(ui.ActionRow(build_button(AcceptSheetId(batch_id, sheet), label, style=ButtonStyle.success)))
    is_over = all(item.state not in {ItemState.PENDING, ItemState.QUEUED} for item in items)
    colour = GENERATED_COLOUR if is_over else RUNNING_COLOUR
    return build_container_view(*parts, colour=colour, component_id=component_id)


def build_cells(items: Sequence[BatchItem], thumbnails: Sequence[bytes | None], messages: Messages) -> list[Cell]:
    """Build the cells of a sheet, in the order of its items; `thumbnails` are those of items with a picture."""
    return [
        Cell(
            thumbnail=thumbnail if item.state is ItemState.GENERATED else None,
            caption=_format_caption(item, messages),
            placeholder=_format_placeholder(item, messages),
            fallback_caption=_text(messages, "unnamed", number=item.number),
            number=item.number,
        )
        for item, thumbnail in zip(items, thumbnails, strict=True)
    ]


def format_line(item: BatchItem, messages: Messages) -> str:
    """Describe the state of an item in one line, for everybody."""
    parts = [f"**{item.number}**"]
    if name := get_public_name(item):
        parts.append(escape_markdown(name, _NAME_LIMIT))
    if item.state is not ItemState.GENERATED:
        parts.append(_format_failure(item, messages))
    elif item.review is Review.REJECTED and item.reviewer_id is None:  # nobody decided: the picture was deleted
        parts.append(_text(messages, "gone"))
    elif item.review is not Review.UNDECIDED:
        decision = _text(messages, f"decided_{item.review}", user=format_person(item.reviewer_id, messages))
        reason = escape_markdown(item.review_note, _REASON_LIMIT)
        parts.append(f"{decision} {messages.text('language.quoted', words=reason)}" if reason else decision)
    return " · ".join(parts)


def format_alt_text(items: Sequence[BatchItem], messages: Messages) -> str:
    """Describe a sheet for people who cannot see it."""
    listed = "; ".join(f"{item.number} {_format_caption(item, messages)}" for item in items)
    described = _text(messages, "description", title=_format_title(items, messages), items=listed)
    return truncate_text(described, ALT_TEXT_LIMIT)


def get_public_name(item: BatchItem) -> str:
    """Get the name of an item that everybody may read; "" for one that a filter refused, whose name may quote it."""
    return "" if item.state is ItemState.FILTERED else flatten_text(item.name)


def _format_title(items: Sequence[BatchItem], messages: Messages) -> str:
    if len(items) == 1:
        return _text(messages, "title_one", number=items[0].number)
    return _text(messages, "title", first=items[0].number, last=items[-1].number)


def _format_state(item: BatchItem, messages: Messages) -> str:
    return _text(messages, f"state_{item.state}")


def _format_placeholder(item: BatchItem, messages: Messages) -> str:
    """Say why there is no thumbnail; "" draws the three dots of a picture that is still to come."""
    if item.state is ItemState.QUEUED:
        return ""
    return _text(messages, "gone") if item.state is ItemState.GENERATED else _format_state(item, messages)


def _format_failure(item: BatchItem, messages: Messages) -> str:
    """Say why an item has no picture, unless that is about its words: then it is told to whoever opens it."""
    if item.state is not ItemState.FAILED or item.problem is None or item.problem.actor is Actor.USER:
        return _format_state(item, messages)
    reason = escape_problem_text(messages.format_problem(item.problem), [item.problem], _REASON_LIMIT)
    return _text(messages, "failed_because", reason=reason)


def _format_caption(item: BatchItem, messages: Messages) -> str:
    """Format the name of an item, and its review or state."""
    mark = ""
    if item.state is not ItemState.GENERATED:
        mark = _format_state(item, messages)
    elif item.review is not Review.UNDECIDED:
        mark = _text(messages, f"mark_{item.review}")
    return " · ".join(filter(None, [truncate_text(get_public_name(item), _CAPTION_LIMIT), mark]))


def _list_options(items: Sequence[BatchItem], messages: Messages) -> list[SelectOption]:
    return [
        SelectOption(
            label=truncate_text(
                f"{item.number}. {get_public_name(item) or _format_state(item, messages)}", _LABEL_LIMIT
            ),
            value=str(item.number),
            description=truncate_text(_format_caption(item, messages), _LABEL_LIMIT),
        )
        for item in items
    ]


def _text(messages: Messages, key: str, **facts: Any) -> str:
    return messages.text(f"batch_sheet.{key}", **facts)
