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
    text_input: ui.TextInput[Any] = ui.TextInput(
        custom_id=_REASON, style=discord.TextStyle.long, required=True, max_length=REASON_LIMIT
    )
    label = ui.Label(text=messages.text("reason.label"), component=text_input, description=description)
    return build_modal(title, custom_id, label, *more)


def read_reason(interaction: discord.Interaction) -> str:
    """Read the reason from the submitted form. Raises `RejectedError` (reason_missing)."""
    reason = (read_modal_fields(interaction).get_text(_REASON) or "").strip()
    if not reason:
        raise RejectedError(make_problem("reason_missing"))
    return reason[:REASON_LIMIT]
