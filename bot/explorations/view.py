"""The question whether to start an exploration, and the message that shows its variants as they are generated."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, Final, assert_never

from discord import ui

from bot.domain.exploration import Exploration, ExplorationPlan, Variation
from bot.explorations.actions import VariantAction
from bot.images.contact_sheet import Cell
from bot.rendering.layout import (
    ActionRows,
    build_attached_gallery,
    build_container_view,
    format_source_owner,
    format_team,
)
from bot.rendering.markdown import escape_markdown, flatten_text, format_request_prompt, truncate_text
from bot.rendering.settings_text import format_chosen_settings, format_settings, format_value
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages

CONTACT_SHEET_FILENAME: Final = "sheet.jpg"
_SETTINGS_LIMIT: Final = 800
_LABEL_LIMIT: Final = 60
_PROMPT_LIMIT: Final = 500


class VariantState(StrEnum):
    """The state of a variant as its exploration shows it. MISSING: its picture was generated, but is gone."""

    QUEUED = "queued"
    RUNNING = "running"
    GENERATED = "generated"
    MISSING = "missing"
    FILTERED = "filtered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


OPEN_STATES: Final = frozenset({VariantState.QUEUED, VariantState.RUNNING})


def build_confirmation_view(
    plan: ExplorationPlan,
    catalogue: Catalogue,
    messages: Messages,
    rows: ActionRows,
    warnings: Sequence[ui.TextDisplay[Any]] = (),
) -> ui.LayoutView:
    """Ask whether to start: list the variants with their prices, after the warnings."""
    prices = [catalogue.models[request.model].price_usd for request in plan.requests]
    labels = [
        escape_markdown(format_variant_label(plan, number, catalogue, messages), _LABEL_LIMIT)
        for number in range(1, len(prices) + 1)
    ]
    lines = [
        f"{number}. {label} · {messages.format_price(price)}"
        for number, (label, price) in enumerate(zip(labels, prices, strict=True), 1)
    ]
    texts = (
        f"### {messages.text('explore.ask', count=len(prices), cost=messages.format_price(sum(prices)))}",
        *_format_prompt(plan, messages),
        *_format_common_settings(plan, catalogue, messages),
        "\n".join(lines),
        f"-# {messages.text('explore.note')}",
    )
    return build_container_view(*warnings, *map(ui.TextDisplay, texts), *rows)


def build_exploration_view(
    exploration: Exploration,
    states: Sequence[VariantState],
    catalogue: Catalogue,
    messages: Messages,
    *,
    actions: Sequence[VariantAction] = (),
    rows: ActionRows = (),
    obstacles: Sequence[str] = (),
    has_contact_sheet: bool = True,
) -> ui.LayoutView:
    """Show the progress of an exploration and its `obstacles`, below the contact sheet if that is attached.

    Everyone reads it, so it says nothing to the requester, and shows the prompt only below a picture.
    """
    plan = exploration.plan
    title = f"**{messages.text(f'exploration.title_{plan.variation}', count=len(states))}**"
    prompt = _format_prompt(plan, messages) if VariantState.GENERATED in states else []
    owner_id = exploration.source_owner_id
    facts = [
        f"<@{exploration.requester.id}>",
        *([format_team(exploration.team, messages)] if exploration.team is not None else []),
        *([format_source_owner(owner_id, messages)] if owner_id is not None else []),
        *_format_facts(plan, catalogue, messages),
        _format_progress(states, messages),
    ]
    lines = [" · ".join([title, *prompt]), f"-# {' · '.join(facts)}", *obstacles]
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join(lines))]
    if has_contact_sheet:
        descriptions = "; ".join(_describe_variants(plan, states, catalogue, messages))
        alt_text = f"{messages.text('exploration.alt')} {descriptions}"
        items.insert(0, build_attached_gallery(CONTACT_SHEET_FILENAME, alt_text, is_spoiler=exploration.is_spoiler))
    if actions:
        items.append(ui.TextDisplay(f"-# {_format_legend(actions, messages)}"))
    return build_container_view(*items, *rows)


def build_note_view(text: str) -> ui.LayoutView:
    """Show a single sentence."""
    return build_container_view(ui.TextDisplay(text))


def build_contact_sheet_cells(
    plan: ExplorationPlan,
    states: Sequence[VariantState],
    thumbnails: Sequence[bytes | None],
    catalogue: Catalogue,
    messages: Messages,
) -> list[Cell]:
    """Build the cells of the contact sheet. Seeds have no captions. A cell without a thumbnail says why."""
    has_captions = plan.variation is not Variation.SEEDS
    return [
        Cell(
            thumbnail,
            format_variant_label(plan, number, catalogue, messages) if has_captions else "",
            placeholder="" if thumbnail else messages.text(f"exploration.{state}"),
            fallback_caption=str(number) if has_captions else "",
        )
        for number, (state, thumbnail) in enumerate(zip(states, thumbnails, strict=True), 1)
    ]


def format_variant_label(plan: ExplorationPlan, number: int, catalogue: Catalogue, messages: Messages) -> str:
    """Label a variant with the setting that distinguishes it. Variants are numbered from 1."""
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
        case _:
            assert_never(plan.variation)
    return truncate_text(flatten_text(label), _LABEL_LIMIT) or str(number)


def _format_prompt(plan: ExplorationPlan, messages: Messages) -> list[str]:
    prompt = escape_markdown(format_request_prompt(plan.requests[0]), _PROMPT_LIMIT)
    return [messages.text("language.quoted", words=prompt)] if prompt else []


def _format_common_settings(plan: ExplorationPlan, catalogue: Catalogue, messages: Messages) -> Iterator[str]:
    """Format the settings that all variants share."""
    first, *_ = plan.requests
    parts = []
    if plan.variation is not Variation.MODELS:
        varied_field = {Variation.STYLES: "style_preset", Variation.KEEP: "keep"}.get(plan.variation, "")
        model = catalogue.models.get(first.model)
        parts.append(format_settings(first, model, messages, excluded_field=varied_field))
    if plan.variation is not Variation.SEEDS and first.seed is not None:
        parts.append(f"**{messages.get_option_name('seed')}** {first.seed}")
    if parts:
        yield truncate_text(" · ".join(parts), _SETTINGS_LIMIT)


def _format_facts(plan: ExplorationPlan, catalogue: Catalogue, messages: Messages) -> Iterator[str]:
    """Format the model, and how much of a picture is kept, where all variants have them in common."""
    if plan.variation is not Variation.MODELS:
        first, *_ = plan.requests
        fields = () if plan.variation is Variation.KEEP else ("keep",)
        yield format_chosen_settings(first, None, catalogue.models.get(first.model), messages, fields=fields)


def _describe_variants(
    plan: ExplorationPlan, states: Sequence[VariantState], catalogue: Catalogue, messages: Messages
) -> Iterator[str]:
    for number, state in enumerate(states, 1):
        description = f"{number}: {format_variant_label(plan, number, catalogue, messages)}"
        if state is not VariantState.GENERATED:
            description += f", {messages.text(f'exploration.{state}')}"
        yield description


def _format_progress(states: Sequence[VariantState], messages: Messages) -> str:
    """Count the pictures that were generated, and the variants in every other state."""
    parts = [messages.text("exploration.progress", count=states.count(VariantState.GENERATED), all=len(states))]
    for state in VariantState:
        count = states.count(state)
        if count and state is not VariantState.GENERATED:
            parts.append(messages.text(f"exploration.some_{state}", count=count))
    return " · ".join(parts)


def _format_legend(actions: Sequence[VariantAction], messages: Messages) -> str:
    """Explain the rows of buttons, with the price of a press."""
    parts = [messages.text("exploration.legend_open")]
    for action in actions:
        cost = {} if action.price_usd is None else {"cost": messages.format_price(action.price_usd)}
        parts.append(messages.text(f"exploration.legend_{action.name}", letter=action.letter, **cost))
    return " · ".join(parts)
