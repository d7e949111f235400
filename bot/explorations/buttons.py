"""The buttons under the question whether to start an exploration, and under its message."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from discord import ButtonStyle, ui

from bot.domain.exploration import Exploration, Variation
from bot.explorations.actions import VariantAction
from bot.interactions.components import build_button
from bot.interactions.custom_ids import DRAFT_ID, CustomId
from bot.interactions.result_buttons import RegenerateAllId, ShowVariantId
from bot.rendering.layout import ActionRows
from shared.i18n.messages import Messages

ROW_LIMIT: Final = 5


@dataclass(frozen=True)
class StartExplorationId(CustomId, template=f"exploration_start:{DRAFT_ID}"):
    draft_id: str


@dataclass(frozen=True)
class DiscardExplorationId(CustomId, template=f"exploration_discard:{DRAFT_ID}"):
    draft_id: str


@dataclass(frozen=True)
class CancelExplorationId(CustomId, template=r"exploration_cancel:(?P<exploration_id>\d{1,20})"):
    exploration_id: str


def build_confirmation_rows(draft_id: str, messages: Messages) -> ActionRows:
    """Build the row under the question."""
    start = build_button(
        StartExplorationId(draft_id), messages.text("button.exploration_start"), style=ButtonStyle.success
    )
    discard = build_button(DiscardExplorationId(draft_id), messages.text("button.exploration_discard"))
    return [ui.ActionRow(start, discard)]


def build_exploration_rows(
    exploration: Exploration,
    labels: Sequence[str],
    generated: Collection[str],
    actions: Sequence[VariantAction],
    messages: Messages,
    *,
    is_cancellable: bool,
    has_ended: bool,
) -> ActionRows:
    """Build a button that opens each variant, a row of each action, and the buttons for all variants at once.

    The buttons of variants that are not `generated`, by job id, are disabled. Once it `has_ended`, all can be repeated.
    """
    job_ids = exploration.variant_ids
    openers = [
        build_button(ShowVariantId(job_id), label, disabled=job_id not in generated)
        for job_id, label in zip(job_ids, labels, strict=True)
    ]
    rows: list[ui.ActionRow[Any]] = [
        ui.ActionRow(*openers[start : start + ROW_LIMIT]) for start in range(0, len(openers), ROW_LIMIT)
    ]
    for action in actions:
        buttons = (
            build_button(action.build_custom_id(job_id), f"{action.letter}{number}", disabled=job_id not in generated)
            for number, job_id in enumerate(job_ids, 1)
        )
        rows.append(ui.ActionRow(*buttons))
    last = []
    if has_ended and generated and exploration.plan.variation is Variation.SEEDS:
        label = messages.text("button.regenerate_all", count=len(job_ids))
        last.append(build_button(RegenerateAllId(job_ids[0], len(job_ids)), label, style=ButtonStyle.primary))
    if is_cancellable:
        cancel_id = CancelExplorationId(exploration.id)
        last.append(build_button(cancel_id, messages.text("button.exploration_cancel")))
    return [*rows, ui.ActionRow(*last)] if last else rows
