"""The form that asks for the reason of an action."""

from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import ui

from bot.interactions.custom_ids import CustomId
from bot.interactions.modals import build_modal, read_modal_fields
from shared.i18n.messages import Messages
from shared.problems import RejectedError, make_problem

REASON_LIMIT: Final = 200
_REASON: Final = "reason"


def build_reason_modal(
    title: str, custom_id: CustomId, messages: Messages, *, description: str, more: Sequence[ui.Item[Any]] = ()
) -> ui.Modal:
    """Build the form; `description` says who reads the reason, in at most 100 characters. `more` stands below."""
    return build_modal(title, custom_id, build_reason_field(messages.text("reason.label"), description), *more)


def build_reason_field(
    label: str, description: str, *, name: str = _REASON, is_required: bool = True, limit: int = REASON_LIMIT
) -> ui.Label[Any]:
    """Build the field of a reason; `name` is its custom id."""
    text_input: ui.TextInput[Any] = ui.TextInput(
        custom_id=name, style=discord.TextStyle.long, required=is_required, max_length=limit
    )
    return ui.Label(text=label, component=text_input, description=description)


def read_reason(interaction: discord.Interaction) -> str:
    """Read the reason from the submitted form. Raises `RejectedError` (reason_missing)."""
    reason = read_optional_reason(interaction)
    if not reason:
        raise RejectedError(make_problem("reason_missing"))
    return reason


def read_optional_reason(interaction: discord.Interaction) -> str:
    """Read the reason from the submitted form, "" if it was left out."""
    return (read_modal_fields(interaction).get_text(_REASON) or "").strip()[:REASON_LIMIT]
