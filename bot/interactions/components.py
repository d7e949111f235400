"""Buttons and selects whose clicks reach their handlers by custom id alone."""

from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import ButtonStyle, SelectOption, ui

from bot.interactions.custom_ids import CustomId
from bot.rendering.markdown import truncate_text

LABEL_LIMIT: Final = 80


class Button(ui.Button[Any]):
    """A button that `bot.interactions.routing` handles, so discord.py need not keep its view in memory."""

    def is_dispatchable(self) -> bool:
        return False


class Select(ui.Select[Any]):
    """A select that `bot.interactions.routing` handles, so discord.py need not keep its view in memory."""

    def is_dispatchable(self) -> bool:
        return False


def build_button(
    custom_id: CustomId, label: str, *, style: ButtonStyle = ButtonStyle.secondary, disabled: bool = False
) -> Button:
    """Build a button; a label over 80 characters is truncated."""
    return Button(style=style, label=truncate_text(label, LABEL_LIMIT), custom_id=str(custom_id), disabled=disabled)


def build_select(custom_id: CustomId, placeholder: str, options: Sequence[SelectOption]) -> Select:
    """Build a select of one option."""
    return Select(custom_id=str(custom_id), placeholder=placeholder, options=list(options))


def build_button_view(*buttons: Button) -> ui.View:
    """Build the view of a message that has text and these buttons."""
    view = ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    return view


def get_selected_values(interaction: discord.Interaction) -> tuple[str, ...]:
    """Return the values chosen in the select that was used; () for a button."""
    data: Any = interaction.data or {}
    return tuple(str(value) for value in data.get("values", ()))
