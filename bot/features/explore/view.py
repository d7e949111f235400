"""An exploration: the question whether to start it, and the message that fills as its cells come in.

At most 40 components and 4000 characters: https://discord.com/developers/docs/components/reference
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, Final

import discord
from discord import ui

from bot.domain.exploration import Exploration, ExplorationPlan, Variation
from bot.i18n import Messages
from bot.images import Cell
from bot.rendering.layout import ActionRows
from bot.rendering.markdown import escape_markdown, flatten_text, format_request_prompt, truncate_text
from bot.rendering.settings_text import format_price, format_settings, format_value
from shared.catalogue import Catalogue

CONTACT_SHEET_FILENAME: Final = "sheet.jpg"
_ALT_TEXT_LIMIT: Final = 1024
_SETTINGS_LIMIT: Final = 800
_LABEL_LIMIT: Final = 60
_PROMPT_LIMIT: Final = 500
_REASON_LIMIT: Final = 300
_MAX_REASONS: Final = 3


class VariantState(StrEnum):
    """Where a cell stands, as its exploration shows it. MISSING: made, and its picture is there no more."""

    QUEUED = "waiting"
    RUNNING = "painting"
    GENERATED = "done"
    MISSING = "missing"
    FILTERED = "filtered"
    FAILED = "failed"
    REJECTED = "refused"


OPEN_STATES: Final = frozenset({VariantState.QUEUED, VariantState.RUNNING})


def build_confirmation_view(
    plan: ExplorationPlan, catalogue: Catalogue, messages: Messages, rows: ActionRows
) -> ui.LayoutView:
    """Ask whether to start: exactly what would run, and what it costs."""
    costs = [catalogue.models[request.model].price_usd for request in plan.requests]
    labels = [
        escape_markdown(format_variant_label(plan, number, catalogue, messages), _LABEL_LIMIT)
        for number in range(1, len(costs) + 1)
    ]
    lines = [
        f"{number}. {label} · {format_price(dollars, messages)}"
        for number, (label, dollars) in enumerate(zip(labels, costs, strict=True), 1)
    ]
    said = (
        f"### {messages.text('explore.ask', count=len(costs), cost=format_price(sum(costs), messages))}",
        *_format_prompt(plan, messages),
        *_format_common_settings(plan, catalogue, messages),
        "\n".join(lines),
        f"-# {messages.text('explore.note')}",
    )
    return _build_view(*map(ui.TextDisplay, said), *rows)


def build_exploration_view(
    exploration: Exploration,
    states: Sequence[VariantState],
    catalogue: Catalogue,
    messages: Messages,
    *,
    rows: ActionRows = (),
    has_contact_sheet: bool = True,
) -> ui.LayoutView:
    """Show how far an exploration is; `sheet`: its contact sheet is attached as `SHEET`."""
    plan = exploration.plan
    title = messages.text(f"grid.title_{plan.variation}", count=len(states))
    parts: list[ui.Item[Any]] = [ui.TextDisplay("\n".join([f"### {title}", *_format_prompt(plan, messages)]))]
    if has_contact_sheet:
        names = "; ".join(_describe_variants(plan, states, catalogue, messages))
        alt = truncate_text(f"{messages.text('grid.alt')} {names}", _ALT_TEXT_LIMIT)
        parts.append(
            ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{CONTACT_SHEET_FILENAME}", description=alt))
        )
    parts.append(
        ui.TextDisplay("\n".join([_format_progress(states, messages), *_format_rejections(exploration, messages)]))
    )
    parts.append(ui.TextDisplay(f"-# {messages.text('result.asked', user=f'<@{exploration.requester.id}>')}"))
    return _build_view(*parts, *rows)


def build_note_view(text: str) -> ui.LayoutView:
    """Show one sentence."""
    return _build_view(ui.TextDisplay(text))


def build_contact_sheet_cells(
    plan: ExplorationPlan,
    states: Sequence[VariantState],
    thumbnails: Sequence[bytes | None],
    catalogue: Catalogue,
    messages: Messages,
) -> list[Cell]:
    """Caption the thumbnails; where there is none, a word says why."""
    return [
        Cell(
            picture,
            format_variant_label(plan, place, catalogue, messages),
            placeholder="" if picture else messages.text(f"grid.{stage}"),
            fallback_caption=str(place),
        )
        for place, (stage, picture) in enumerate(zip(states, thumbnails, strict=True), 1)
    ]


def format_variant_label(plan: ExplorationPlan, number: int, catalogue: Catalogue, messages: Messages) -> str:
    """Say what tells the cell at this place (from 1) from the others."""
    request = plan.requests[number - 1]
    match plan.variation:
        case Variation.SEEDS:
            label = f"{messages.get_option_name('seed')} {request.seed}"
        case Variation.STYLES:
            label = messages.get_choice_label("style_preset", str(request.style_preset))
        case Variation.KEEP:
            label = f"{messages.get_option_name('keep')} {format_value('keep', request.keep or 0.0, messages)}"
        case Variation.MODELS:
            model = catalogue.models.get(request.model)
            label = model.name if model else request.model
    return truncate_text(flatten_text(label), _LABEL_LIMIT) or str(number)


def _format_prompt(plan: ExplorationPlan, messages: Messages) -> list[str]:
    prompt = escape_markdown(format_request_prompt(plan.requests[0]), _PROMPT_LIMIT)
    return [messages.text("language.quoted", words=prompt)] if prompt else []


def _format_common_settings(plan: ExplorationPlan, catalogue: Catalogue, messages: Messages) -> Iterator[str]:
    """List what is the same in all cells."""
    first, *_ = plan.requests
    parts = []
    if plan.variation is not Variation.MODELS:
        field = {Variation.STYLES: "style_preset", Variation.KEEP: "keep"}.get(plan.variation, "")
        parts.append(format_settings(first, catalogue.models.get(first.model), messages, excluded_field=field))
    if plan.variation is not Variation.SEEDS and first.seed is not None:
        parts.append(f"**{messages.get_option_name('seed')}** {first.seed}")
    if parts:
        yield truncate_text(" · ".join(parts), _SETTINGS_LIMIT)


def _describe_variants(
    plan: ExplorationPlan, states: Sequence[VariantState], catalogue: Catalogue, messages: Messages
) -> Iterator[str]:
    for place, stage in enumerate(states, 1):
        label = format_variant_label(plan, place, catalogue, messages)
        yield (
            f"{place}: {label}"
            if stage is VariantState.GENERATED
            else f"{place}: {label}, {messages.text(f'grid.{stage}')}"
        )


def _format_progress(states: Sequence[VariantState], messages: Messages) -> str:
    parts = [
        messages.text("grid.progress", count=sum(stage is VariantState.GENERATED for stage in states), all=len(states))
    ]
    for stage in VariantState:
        some = sum(one is stage for one in states)
        if some and stage is not VariantState.GENERATED:
            parts.append(messages.text(f"grid.some_{stage}", count=some))
    return " · ".join(parts)


def _format_rejections(exploration: Exploration, messages: Messages) -> Iterator[str]:
    """Say why cells were not taken on, once for all that share a reason."""
    places: dict[str, list[str]] = {}
    for place, problem in sorted(exploration.rejected.items()):
        places.setdefault(messages.format_problem(problem), []).append(str(place))
    for sentence, numbers in list(places.items())[:_MAX_REASONS]:
        yield f"**{', '.join(numbers)}** {escape_markdown(sentence, _REASON_LIMIT)}"


def _build_view(*parts: ui.Item[Any]) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*parts))
    return view
