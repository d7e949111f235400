"""Which buttons stand under which message."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from discord import ButtonStyle, ui

from bot.domain.records import GenerationSettings
from bot.i18n import Messages
from bot.interactions.custom_ids import JobButton, JobSelect, format_custom_id
from bot.rendering.form_fields import list_editable_fields
from bot.rendering.markdown import truncate_text
from bot.rendering.settings_text import format_price
from shared.catalogue import Catalogue, Model
from shared.request.model import Request, build_upscale_requests

DYNAMIC_ITEMS: Final = (JobButton, JobSelect)
NO_BUTTONS: Final = None
LABEL_LIMIT: Final = 80
MAX_UPSCALERS: Final = 5
MAX_ALTERNATIVE_MODELS: Final = 3

# verb, more, style: as they stand under a picture
_RESULT_BUTTONS: Final = (
    (
        ("again", "", ButtonStyle.primary),
        ("vary", "subtle", ButtonStyle.secondary),
        ("vary", "strong", ButtonStyle.secondary),
        ("edit", "", ButtonStyle.secondary),
        ("source", "", ButtonStyle.secondary),
    ),
    (
        ("upscale", "", ButtonStyle.secondary),
        ("details", "", ButtonStyle.secondary),
        ("favourite", "", ButtonStyle.secondary),
        ("delete", "", ButtonStyle.danger),
    ),
)
_NOTICE_BUTTONS: Final = (
    (
        ("again", "", ButtonStyle.primary),
        ("edit", "", ButtonStyle.secondary),
        ("delete", "", ButtonStyle.danger),
    ),
)


def build_result_rows(
    job_id: str, request: Request, catalogue: Catalogue, messages: Messages
) -> list[ui.ActionRow[Any]]:
    """Give the rows under a picture: what can be done from here."""
    return _build_rows(_RESULT_BUTTONS, job_id, _list_unavailable_actions(request, catalogue), messages)


def build_notice_rows(
    job_id: str,
    request: Request,
    catalogue: Catalogue,
    messages: Messages,
    *,
    alternatives: Sequence[Model] = (),
    deleted: bool = False,
) -> list[ui.ActionRow[Any]]:
    """Give the rows under a notice that there is no picture; `others` are models that may be asked instead.

    What was `deleted` cannot be once more.
    """
    idle = _list_unavailable_actions(request, catalogue) - {"again"} | ({"delete"} if deleted else set())
    rows = _build_rows(_NOTICE_BUTTONS, job_id, idle, messages)
    named = [
        (model.key, messages.text("button.again_with", name=model.name))
        for model in alternatives[:MAX_ALTERNATIVE_MODELS]
    ]
    if named:
        rows.insert(
            0,
            ui.ActionRow(*(build_button("again", job_id, messages, argument=key, label=label) for key, label in named)),
        )
    return rows


def build_details_rows(
    settings: GenerationSettings, catalogue: Catalogue, messages: Messages
) -> list[ui.ActionRow[Any]]:
    """Give the row under a picture's details: again with the same seed, where its model is on offer and reads one."""
    model = catalogue.models.get(settings.request.model)
    if model is None or not model.offered or settings.seed is None:
        return []
    return [ui.ActionRow(build_button("exact", settings.job_id, messages))]


def build_metadata_run_rows(
    settings: GenerationSettings, catalogue: Catalogue, messages: Messages
) -> list[ui.ActionRow[Any]]:
    """Give the row under what a picture says of itself: the same again, where its model is on offer."""
    model = catalogue.models.get(settings.request.model)
    if model is None or not model.offered:
        return []
    return [
        ui.ActionRow(
            build_button("run", "0", messages, argument="picture" if settings.request.has_picture else "words")
        )
    ]


def build_upscale_choice(job_id: str, models: Sequence[Model], messages: Messages) -> ui.View:
    """Give the view in which one of several upscalers is chosen, five at most, each with its price."""
    view = ui.View(timeout=None)
    for model in models[:MAX_UPSCALERS]:
        label = messages.text("button.upscale_by", name=model.name, price=format_price(model.price_usd, messages))
        view.add_item(build_button("upscale", job_id, messages, argument=model.key, label=label))
    return view


def build_confirmation(action: str, job_id: str, messages: Messages) -> ui.View:
    """Give the view of a question whether somebody means it."""
    view = ui.View(timeout=None)
    view.add_item(build_button(action, job_id, messages, style=ButtonStyle.danger))
    return view


def _build_rows(
    rows: Sequence[Sequence[tuple[str, str, ButtonStyle]]],
    job_id: str,
    unavailable: Collection[str],
    messages: Messages,
) -> list[ui.ActionRow[Any]]:
    useful = ([item for item in row if item[0] not in unavailable] for row in rows)
    return [
        ui.ActionRow(*(build_button(verb, job_id, messages, argument=more, style=style) for verb, more, style in row))
        for row in useful
        if row
    ]


def _list_unavailable_actions(request: Request, catalogue: Catalogue) -> set[str]:
    """Name the verbs that would come to nothing with such a request."""
    model = catalogue.models.get(request.model)
    paints_on = catalogue.pick_picture_model(request.model) is not None
    useful = {
        "again": model is None or "seed" in model.fields,
        "vary": paints_on and bool(request.text_prompts),
        "edit": model is not None and bool(list_editable_fields(request, model)),
        "source": paints_on,
        "upscale": bool(build_upscale_requests(request, catalogue)),
    }
    return {verb for verb, is_useful in useful.items() if not is_useful}


def build_plan_rows(draft_id: str, messages: Messages) -> list[ui.ActionRow[Any]]:
    """Give the row under the question whether to start an exploration."""
    start = build_button("explore_go", draft_id, messages, style=ButtonStyle.success)
    return [ui.ActionRow(start, build_button("explore_no", draft_id, messages))]


def build_exploration_rows(
    exploration_id: str, labels: Mapping[str, str], ready: Collection[str], messages: Messages, *, is_cancellable: bool
) -> list[ui.ActionRow[Any]]:
    """Give the rows under an exploration: a button a cell, by its job, numbered, usable once it is `ready`.

    `waits`: some can still be cancelled.
    """
    cells = []
    for number, (job_id, label) in enumerate(labels.items(), 1):
        cell = build_button("cell", job_id, messages, label=f"{number}. {label}")
        cell.item.disabled = job_id not in ready
        cells.append(cell)
    rows: list[ui.ActionRow[Any]] = [ui.ActionRow(*cells[place : place + 5]) for place in range(0, len(cells), 5)]
    if is_cancellable:
        rows.append(ui.ActionRow(build_button("cancel_all", exploration_id, messages, style=ButtonStyle.danger)))
    return rows


def build_cancel_view(job_id: str, messages: Messages) -> ui.View:
    """Give the view of a status message whose job can still be cancelled."""
    view = ui.View(timeout=None)
    view.add_item(build_button("cancel", job_id, messages))
    return view


def build_button(
    action: str,
    job_id: str,
    messages: Messages,
    *,
    argument: str = "",
    style: ButtonStyle = ButtonStyle.secondary,
    label: str | None = None,
) -> JobButton:
    """Make a button, labelled `button.<verb>` or `button.<verb>_<more>` unless told: words, never a sign alone."""
    said = label or messages.text(f"button.{action}_{argument}" if argument else f"button.{action}")
    return JobButton(
        ui.Button(
            style=style, label=truncate_text(said, LABEL_LIMIT), custom_id=format_custom_id(action, job_id, argument)
        )
    )
