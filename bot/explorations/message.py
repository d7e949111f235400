"""The message of an exploration, in the requester's language: its progress, and buttons for its variants."""

from collections.abc import Sequence

from discord import ui

from bot.domain.exploration import Exploration
from bot.explorations.buttons import build_exploration_rows
from bot.explorations.view import VariantState, build_exploration_view, format_variant_label
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
    messages = load_messages(exploration.locale)
    labels = {
        variant_id: format_variant_label(exploration.plan, number, catalogue, messages)
        for number, variant_id in enumerate(exploration.variant_ids, 1)
    }
    generated = {
        variant_id
        for variant_id, state in zip(exploration.variant_ids, states, strict=True)
        if state is VariantState.GENERATED
    }
    is_cancellable = VariantState.QUEUED in states
    rows = build_exploration_rows(exploration.id, labels, generated, messages, is_cancellable=is_cancellable)
    return build_exploration_view(
        exploration,
        states,
        catalogue,
        messages,
        rows=rows,
        obstacles=obstacles,
        has_contact_sheet=has_contact_sheet,
    )
