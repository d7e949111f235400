"""The message of an exploration: what it says, and the buttons under it."""

from collections.abc import Sequence

from discord import ui

from bot.domain.exploration import Exploration
from bot.features.explore.view import VariantState, build_exploration_view, format_variant_label
from bot.i18n import load_messages
from bot.interactions.legacy import build_exploration_rows
from shared.catalogue import Catalogue


def render_exploration(
    exploration: Exploration, states: Sequence[VariantState], catalogue: Catalogue, *, has_contact_sheet: bool
) -> ui.LayoutView:
    """Show how far an exploration is, in the language of who asked for it; `sheet`: with its contact sheet."""
    phrases = load_messages(exploration.requester.locale)
    labels = {
        cell: format_variant_label(exploration.plan, place, catalogue, phrases)
        for place, cell in enumerate(exploration.variant_ids, 1)
    }
    ready = {
        cell for cell, stage in zip(exploration.variant_ids, states, strict=True) if stage is VariantState.GENERATED
    }
    rows = build_exploration_rows(exploration.id, labels, ready, phrases, is_cancellable=VariantState.QUEUED in states)
    return build_exploration_view(
        exploration, states, catalogue, phrases, rows=rows, has_contact_sheet=has_contact_sheet
    )
