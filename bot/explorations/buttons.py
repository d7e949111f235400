"""The buttons under the question whether to start an exploration, and under its message."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from discord import ButtonStyle, ui

from bot.interactions.components import build_button
from bot.interactions.custom_ids import CustomId
from bot.interactions.result_buttons import ShowVariantId
from bot.rendering.layout import ActionRows
from shared.i18n.messages import Messages

_ROW_LIMIT: Final = 5


@dataclass(frozen=True)
class StartExplorationId(CustomId, template=r"exploration_start:(?P<draft_id>\d{1,20})"):
    draft_id: str


@dataclass(frozen=True)
class DiscardExplorationId(CustomId, template=r"exploration_discard:(?P<draft_id>\d{1,20})"):
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
    exploration_id: str,
    labels: Mapping[str, str],
    generated: Collection[str],
    messages: Messages,
    *,
    is_cancellable: bool,
) -> ActionRows:
    """Build a numbered button for each variant, and one that cancels the queued variants if there are any.

    `labels` are by job id. The buttons of variants that are not `generated` are disabled.
    """
    buttons = [
        build_button(ShowVariantId(job_id), f"{number}. {label}", disabled=job_id not in generated)
        for number, (job_id, label) in enumerate(labels.items(), 1)
    ]
    rows: list[ui.ActionRow[Any]] = [
        ui.ActionRow(*buttons[start : start + _ROW_LIMIT]) for start in range(0, len(buttons), _ROW_LIMIT)
    ]
    if is_cancellable:
        cancel_id = CancelExplorationId(exploration_id)
        cancel = build_button(cancel_id, messages.text("button.exploration_cancel"), style=ButtonStyle.danger)
        rows.append(ui.ActionRow(cancel))
    return rows
