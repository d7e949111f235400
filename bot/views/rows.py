"""Which buttons stand under which message."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from discord import ButtonStyle, ui

from bot.phrases import Phrases
from bot.ports import Recipe
from bot.render import price
from bot.render.form import editable
from bot.render.text import shortened
from bot.views.press import JobButton, JobSelect, custom_id
from shared.catalogue import Catalogue, Model
from shared.request import Request, upscales_of

ITEMS: Final = (JobButton, JobSelect)
NO_BUTTONS: Final = None
LABEL_LIMIT: Final = 80
CHOICES: Final = 5
OTHERS: Final = 3

# verb, more, style: as they stand under a picture
_PICTURE: Final = (
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
_NOTHING_MADE: Final = (
    (
        ("again", "", ButtonStyle.primary),
        ("edit", "", ButtonStyle.secondary),
        ("delete", "", ButtonStyle.danger),
    ),
)


def result_rows(job_id: str, request: Request, catalogue: Catalogue, phrases: Phrases) -> list[ui.ActionRow[Any]]:
    """Give the rows under a picture: what can be done from here."""
    return _rows(_PICTURE, job_id, _idle(request, catalogue), phrases)


def notice_rows(
    job_id: str,
    request: Request,
    catalogue: Catalogue,
    phrases: Phrases,
    *,
    others: Sequence[Model] = (),
    deleted: bool = False,
) -> list[ui.ActionRow[Any]]:
    """Give the rows under a notice that there is no picture; `others` are models that may be asked instead.

    What was `deleted` cannot be once more.
    """
    idle = _idle(request, catalogue) - {"again"} | ({"delete"} if deleted else set())
    rows = _rows(_NOTHING_MADE, job_id, idle, phrases)
    named = [(model.key, phrases.say("button.again_with", name=model.name)) for model in others[:OTHERS]]
    if named:
        rows.insert(0, ui.ActionRow(*(button("again", job_id, phrases, more=key, label=label) for key, label in named)))
    return rows


def details_rows(recipe: Recipe, catalogue: Catalogue, phrases: Phrases) -> list[ui.ActionRow[Any]]:
    """Give the row under a picture's details: again with the same seed, where its model is on offer and reads one."""
    model = catalogue.models.get(recipe.request.model)
    if model is None or not model.offered or recipe.seed is None:
        return []
    return [ui.ActionRow(button("exact", recipe.job_id, phrases))]


def run_rows(recipe: Recipe, catalogue: Catalogue, phrases: Phrases) -> list[ui.ActionRow[Any]]:
    """Give the row under what a picture says of itself: the same again, where its model is on offer."""
    model = catalogue.models.get(recipe.request.model)
    if model is None or not model.offered:
        return []
    return [ui.ActionRow(button("run", "0", phrases, more="picture" if recipe.request.has_picture else "words"))]


def upscale_choice(job_id: str, models: Sequence[Model], phrases: Phrases) -> ui.View:
    """Give the view in which one of several upscalers is chosen, five at most, each with its price."""
    view = ui.View(timeout=None)
    for model in models[:CHOICES]:
        label = phrases.say("button.upscale_by", name=model.name, price=price(model.price_usd, phrases))
        view.add_item(button("upscale", job_id, phrases, more=model.key, label=label))
    return view


def confirm(verb: str, job_id: str, phrases: Phrases) -> ui.View:
    """Give the view of a question whether somebody means it."""
    view = ui.View(timeout=None)
    view.add_item(button(verb, job_id, phrases, style=ButtonStyle.danger))
    return view


def _rows(
    rows: Sequence[Sequence[tuple[str, str, ButtonStyle]]], job_id: str, idle: Collection[str], phrases: Phrases
) -> list[ui.ActionRow[Any]]:
    useful = ([item for item in row if item[0] not in idle] for row in rows)
    return [
        ui.ActionRow(*(button(verb, job_id, phrases, more=more, style=style) for verb, more, style in row))
        for row in useful
        if row
    ]


def _idle(request: Request, catalogue: Catalogue) -> set[str]:
    """Name the verbs that would come to nothing with such a request."""
    model = catalogue.models.get(request.model)
    paints_on = catalogue.reading_pictures(request.model) is not None
    useful = {
        "again": model is None or "seed" in model.fields,
        "vary": paints_on and bool(request.text_prompts),
        "edit": model is not None and bool(editable(request, model)),
        "source": paints_on,
        "upscale": bool(upscales_of(request, catalogue)),
    }
    return {verb for verb, is_useful in useful.items() if not is_useful}


def plan_rows(draft_id: str, phrases: Phrases) -> list[ui.ActionRow[Any]]:
    """Give the row under the question whether to start an exploration."""
    start = button("explore_go", draft_id, phrases, style=ButtonStyle.success)
    return [ui.ActionRow(start, button("explore_no", draft_id, phrases))]


def grid_rows(
    grid_id: str, labels: Mapping[str, str], ready: Collection[str], phrases: Phrases, *, waits: bool
) -> list[ui.ActionRow[Any]]:
    """Give the rows under an exploration: a button a cell, by its job, numbered, usable once it is `ready`.

    `waits`: some can still be cancelled.
    """
    cells = []
    for number, (job_id, label) in enumerate(labels.items(), 1):
        cell = button("cell", job_id, phrases, label=f"{number}. {label}")
        cell.item.disabled = job_id not in ready
        cells.append(cell)
    rows: list[ui.ActionRow[Any]] = [ui.ActionRow(*cells[place : place + 5]) for place in range(0, len(cells), 5)]
    if waits:
        rows.append(ui.ActionRow(button("cancel_all", grid_id, phrases, style=ButtonStyle.danger)))
    return rows


def with_cancel(job_id: str, phrases: Phrases) -> ui.View:
    """Give the view of a status message whose job can still be cancelled."""
    view = ui.View(timeout=None)
    view.add_item(button("cancel", job_id, phrases))
    return view


def button(
    verb: str,
    job_id: str,
    phrases: Phrases,
    *,
    more: str = "",
    style: ButtonStyle = ButtonStyle.secondary,
    label: str | None = None,
) -> JobButton:
    """Make a button, labelled `button.<verb>` or `button.<verb>_<more>` unless told: words, never a sign alone."""
    said = label or phrases.say(f"button.{verb}_{more}" if more else f"button.{verb}")
    return JobButton(
        ui.Button(style=style, label=shortened(said, LABEL_LIMIT), custom_id=custom_id(verb, job_id, more))
    )
