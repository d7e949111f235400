"""The message of `/server`, with a select for each setting."""

from collections.abc import Iterator
from typing import Any

import discord
from discord import ui

from bot.domain.guild_settings import GuildSettings
from bot.features.server_settings.choices import CHOICES, NO_LANGUAGE, GuildSettingId, get_choice
from bot.interactions.components import build_select
from bot.rendering.layout import build_container_view
from shared.i18n.messages import Messages, load_messages


def build_settings_view(settings: GuildSettings, messages: Messages) -> ui.LayoutView:
    """Show the settings in force, in selects that change them."""
    items: list[ui.Item[Any]] = [ui.TextDisplay(f"### {messages.text('server_settings.title')}")]
    for field in CHOICES:
        heading = messages.text(f"server_settings.{field}")
        # screen readers call the select by its placeholder, which is never shown: one option is always selected
        select = build_select(GuildSettingId(field), heading, list(_build_options(field, settings, messages)))
        items += [ui.TextDisplay(f"**{heading}**"), ui.ActionRow(select)]
    return build_container_view(*items)


def _build_options(field: str, settings: GuildSettings, messages: Messages) -> Iterator[discord.SelectOption]:
    current = get_choice(settings, field)
    for choice in CHOICES[field]:
        if field == "language" and choice != NO_LANGUAGE:
            label = load_messages(choice).text("language.name")
        else:
            label = messages.text(f"server_settings.{field}_{choice.replace(NO_LANGUAGE, 'default')}")
        yield discord.SelectOption(label=label, value=choice, default=choice == current)
