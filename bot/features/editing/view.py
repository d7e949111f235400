"""The private messages of an edit: the marked picture with its price, and the choice of an operation."""

import io
from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import ButtonStyle, SelectOption, ui

from bot.features.editing.custom_ids import ChangeRegionId, ChooseEditId, StartEditId
from bot.features.editing.options import is_masked
from bot.interactions.components import build_button, build_select
from bot.interactions.responses import RenderedMessage
from bot.rendering.layout import build_attached_gallery, build_container_view
from bot.rendering.markdown import escape_markdown, format_request_prompt, truncate_text
from bot.rendering.outcome_views import build_job_notes
from shared.i18n.messages import Messages
from shared.models import Model
from shared.notes import Note
from shared.request.model import Request

_PREVIEW_FILENAME: Final = "preview.jpg"
_PROMPT_LIMIT: Final = 500
_DESCRIPTION_LIMIT: Final = 100


def build_preview_message(
    draft_id: str, request: Request, model: Model, preview: bytes, notes: Sequence[Note], messages: Messages
) -> RenderedMessage:
    """Show the pictures of an edit, its effect and its price, with buttons to start it or to change the region."""
    kind = "region" if is_masked(model) else "style"
    title = messages.text(f"editing.{model.operation}")
    cost = messages.format_price(model.price_usd)
    prompt = escape_markdown(format_request_prompt(request), _PROMPT_LIMIT)
    quoted = [messages.text("language.quoted", words=prompt)] if prompt else []
    buttons = [
        build_button(StartEditId(draft_id), messages.text("editing.start", cost=cost), style=ButtonStyle.success)
    ]
    if is_masked(model):
        buttons.append(build_button(ChangeRegionId(draft_id), messages.text("editing.change")))
    items: list[ui.Item[Any]] = [
        build_attached_gallery(_PREVIEW_FILENAME, messages.text(f"editing.alt_{kind}")),
        ui.TextDisplay("\n".join([f"### {title}", *quoted, messages.text(f"editing.ask_{kind}", cost=cost)])),
        *build_job_notes(notes, messages),
        ui.ActionRow(*buttons),
    ]
    return RenderedMessage(build_container_view(*items), [discord.File(io.BytesIO(preview), _PREVIEW_FILENAME)])


def build_choice_view(draft_id: str, models: Sequence[Model], messages: Messages) -> ui.View:
    """Build the select of the operations on offer, each with its price."""
    options = [
        SelectOption(
            label=f"{messages.text(f'editing.{model.operation}')} · {messages.format_price(model.price_usd)}",
            description=truncate_text(messages.text(f"command.edit.{model.operation}.description"), _DESCRIPTION_LIMIT),
            value=str(model.operation),
        )
        for model in models
    ]
    view = ui.View(timeout=None)
    view.add_item(build_select(ChooseEditId(draft_id), messages.text("editing.choose"), options))
    return view
