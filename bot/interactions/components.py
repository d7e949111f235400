"""Buttons and selects whose clicks reach their handlers by custom id alone."""

from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import ButtonStyle, SelectDefaultValue, SelectDefaultValueType, SelectOption, ui

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


class ChannelSelect(ui.ChannelSelect[Any]):
    """A select of channels that `bot.interactions.routing` handles."""

    def is_dispatchable(self) -> bool:
        return False


class RoleSelect(ui.RoleSelect[Any]):
    """A select of roles that `bot.interactions.routing` handles."""

    def is_dispatchable(self) -> bool:
        return False


def build_button(
    custom_id: CustomId, label: str, *, style: ButtonStyle = ButtonStyle.secondary, disabled: bool = False
) -> Button:
    """Build a button; a label over 80 characters is truncated."""
    return Button(style=style, label=truncate_text(label, LABEL_LIMIT), custom_id=str(custom_id), disabled=disabled)


def build_select(
    custom_id: CustomId, placeholder: str, options: Sequence[SelectOption], *, min_values: int = 1, max_values: int = 1
) -> Select:
    """Build a select of one option, or of so many."""
    return Select(
        custom_id=str(custom_id),
        placeholder=placeholder,
        options=list(options),
        min_values=min_values,
        max_values=max_values,
    )


def build_role_select(custom_id: CustomId, placeholder: str, selected_ids: Sequence[int], *, limit: int) -> RoleSelect:
    """Build a select of none, or of up to `limit` roles of a server; `selected_ids` are those chosen before."""
    return RoleSelect(
        custom_id=str(custom_id),
        placeholder=placeholder,
        min_values=0,
        max_values=limit,
        default_values=[SelectDefaultValue(id=one, type=SelectDefaultValueType.role) for one in selected_ids],
    )


def build_channel_select(
    custom_id: CustomId,
    placeholder: str,
    channel_types: Sequence[discord.ChannelType],
    selected_ids: Sequence[int],
    *,
    limit: int,
) -> ChannelSelect:
    """Build a select of none, or of up to `limit` channels of a server; `selected_ids` are those chosen before."""
    chosen = [SelectDefaultValue(id=one, type=SelectDefaultValueType.channel) for one in selected_ids]
    return ChannelSelect(
        custom_id=str(custom_id),
        placeholder=placeholder,
        channel_types=list(channel_types),
        min_values=0,
        max_values=limit,
        default_values=chosen,
    )


def build_headed_row(select: Select | ChannelSelect | RoleSelect) -> tuple[ui.TextDisplay[Any], ui.ActionRow[Any]]:
    """Build the row of a select below a heading, its placeholder, which is not shown where something is selected.

    Screen readers call the select by its placeholder.
    """
    return ui.TextDisplay(f"**{select.placeholder}**"), ui.ActionRow(select)


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


def get_selected_value(interaction: discord.Interaction) -> str:
    """Return the value chosen in a select of one; "" for none."""
    return next(iter(get_selected_values(interaction)), "")


def parse_selected_number(value: str) -> int:
    """Parse a value that is a number or an id; 0 for any other text, since it comes from a client."""
    return int(value) if value.isascii() and value.isdigit() else 0


def remove_action_rows(message: discord.Message, custom_id_type: type[CustomId], note: str = "") -> ui.LayoutView:
    """Rebuild a message of one container without the rows whose buttons are of this kind; `note` is added below."""
    view = ui.LayoutView.from_message(message, timeout=None)
    for container in view.children:
        if not isinstance(container, ui.Container):
            continue
        for row in list(container.children):
            if isinstance(row, ui.ActionRow) and any(_is_button_of(custom_id_type, item) for item in row.children):
                container.remove_item(row)
        if note:
            container.add_item(ui.TextDisplay(note))
    view.stop()  # otherwise discord.py would keep it in memory
    return view


def _is_button_of(custom_id_type: type[CustomId], item: ui.Item[Any]) -> bool:
    return isinstance(item, ui.Button) and custom_id_type.parse(item.custom_id or "") is not None
