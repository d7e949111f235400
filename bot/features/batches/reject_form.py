"""The form in which a reviewer says why a picture is rejected."""

from typing import Any, Final

import discord
from discord import ui

from bot.batches.custom_ids import RejectFormId
from bot.interactions.modals import build_modal, read_modal_fields
from bot.interactions.reason_form import REASON_LIMIT
from shared.i18n.messages import Messages

_REASON: Final = "reason"


def build_reject_form(form_id: RejectFormId, messages: Messages) -> ui.Modal:
    """Build the form; the reason may be left out."""
    text_input: ui.TextInput[Any] = ui.TextInput(
        custom_id=_REASON, style=discord.TextStyle.long, required=False, max_length=REASON_LIMIT
    )
    label = ui.Label(
        text=messages.text("batch_item.reject_reason"),
        component=text_input,
        description=messages.text("batch_item.reject_reason_description"),
    )
    return build_modal(messages.text("batch_item.reject_title", number=form_id.number), form_id, label)


def read_reject_reason(interaction: discord.Interaction) -> str:
    """Read the reason from the submitted form, "" if it was left out."""
    return (read_modal_fields(interaction).get_text(_REASON) or "").strip()[:REASON_LIMIT]
