"""The message of an exploration: its progress, its contact sheet, and buttons for its variants."""

from collections.abc import Sequence

from discord import ui

from bot.domain.exploration import Exploration, Variation
from bot.explorations.actions import list_variant_actions
from bot.explorations.buttons import ROW_LIMIT, build_exploration_rows
from bot.explorations.view import (
    OPEN_STATES,
    VariantState,
    build_exploration_view,
    format_variant_label,
)
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages


def render_exploration(
    exploration: Exploration,
    states: Sequence[VariantState],
    catalogue: Catalogue,
    *,
    obstacles: Sequence[str] = (),
    has_contact_sheet: bool,
) -> ui.LayoutView:
    """Render the message. `states` are those of the variants, in order; `obstacles` say why some do not start."""
    messages, plan = load_messages(exploration.locale), exploration.plan
    numbers = range(1, len(states) + 1)
    labels = [
        str(number)
        if plan.variation is Variation.SEEDS
        else f"{number}. {format_variant_label(plan, number, catalogue, messages)}"
        for number in numbers
    ]
    generated = {
        variant_id
        for variant_id, state in zip(exploration.variant_ids, states, strict=True)
        if state is VariantState.GENERATED
    }
    actions = list_variant_actions(plan, catalogue) if generated and len(states) <= ROW_LIMIT else ()
    rows = build_exploration_rows(
        exploration,
        labels,
        generated,
        actions,
        messages,
        is_cancellable=VariantState.QUEUED in states,
        has_ended=not OPEN_STATES.intersection(states),
    )
    return build_exploration_view(
        exploration,
        states,
        catalogue,
        messages,
        actions=actions,
        rows=rows,
        obstacles=obstacles,
        has_contact_sheet=has_contact_sheet,
    )
