"""The parts that the panels of a server's settings and of a team's have in common."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import discord
from discord import ui

from bot.interactions.components import build_button
from bot.interactions.custom_ids import CustomId
from bot.interactions.modals import build_modal
from bot.rendering.form_fields import SELECT_OPTIONS_LIMIT
from bot.rendering.markdown import truncate_text
from shared.i18n.messages import Messages

FORM_FIELD: Final = "value"
"""The field of the form of a setting."""
_LABEL_LIMIT: Final = 100
_TITLE_LIMIT: Final = 45


def build_note(note: str, undo: CustomId | None, messages: Messages) -> ui.Item[Any]:
    """Build a note about a change, with the button that undoes it."""
    text: ui.TextDisplay[Any] = ui.TextDisplay(note)
    return text if undo is None else ui.Section(text, accessory=build_button(undo, messages.text("server_panel.undo")))


def build_setting_form(custom_id: CustomId, heading: str, hint: str, value: str | None, *, limit: int) -> ui.Modal:
    """Build the form of a setting, filled with the value that holds; the text has at most `limit` characters."""
    text_input: ui.TextInput[Any] = ui.TextInput(
        custom_id=FORM_FIELD, default=value or None, required=False, max_length=limit
    )
    label: ui.Label[Any] = ui.Label(text=truncate_text(heading, _TITLE_LIMIT), description=hint, component=text_input)
    return build_modal(heading, custom_id, label)


def build_setting_option(label: str, value: str, *, is_chosen: bool = False) -> discord.SelectOption:
    """Build an option of a select, labelled with a capital letter."""
    capitalized = truncate_text(label[:1].upper() + label[1:], _LABEL_LIMIT)
    return discord.SelectOption(label=capitalized, value=value, default=is_chosen)


def split_options(options: Sequence[discord.SelectOption]) -> Iterator[Sequence[discord.SelectOption]]:
    """Split options into as many selects as they need."""
    for start in range(0, len(options), SELECT_OPTIONS_LIMIT):
        yield options[start : start + SELECT_OPTIONS_LIMIT]
