"""The form in which a reviewer says why a picture is rejected."""

from discord import ui

from bot.batches.custom_ids import RejectFormId
from bot.interactions.modals import build_modal
from bot.interactions.reason_form import build_reason_field
from shared.i18n.messages import Messages


def build_reject_form(form_id: RejectFormId, messages: Messages) -> ui.Modal:
    """Build the form; the reason may be left out."""
    field = build_reason_field(
        messages.text("batch_item.reject_reason"),
        messages.text("batch_item.reject_reason_description"),
        is_required=False,
    )
    return build_modal(messages.text("batch_item.reject_title", number=form_id.number), form_id, field)
