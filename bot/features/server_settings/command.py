"""The command `/server`: shows the settings of a server privately, and changes them in the same message."""

from dataclasses import dataclass

import discord

from bot.features.server_settings.choices import GuildSettingId, apply_choice
from bot.features.server_settings.view import build_settings_view
from bot.interactions.components import get_selected_values
from bot.interactions.locale import get_localized_messages, require_guild_settings
from bot.interactions.permissions import require_guild_manager
from bot.interactions.responses import RenderedMessage, respond_outdated, respond_with, update_message
from bot.storage.guild_settings import SqlGuildSettingsStore


@dataclass(frozen=True)
class ServerSettingsCommand:
    """Shows the settings to those who may manage the server, and saves each choice."""

    guild_settings: SqlGuildSettingsStore

    async def show_settings(self, interaction: discord.Interaction) -> None:
        """Show the settings in force."""
        require_guild_manager(interaction, "settings_not_allowed")

        async def render_current() -> RenderedMessage:
            view = build_settings_view(require_guild_settings(interaction), get_localized_messages(interaction))
            return RenderedMessage(view)

        await respond_with(interaction, render_current)

    async def change_setting(self, interaction: discord.Interaction, custom_id: GuildSettingId) -> None:
        """Save the choice of a select."""
        require_guild_manager(interaction, "settings_not_allowed")
        value = next(iter(get_selected_values(interaction)), "")
        old = require_guild_settings(interaction)
        settings = apply_choice(old, custom_id.field, value)
        if settings is None:
            await respond_outdated(interaction)
            return

        async def save_and_render() -> RenderedMessage:
            await self.guild_settings.change_settings(interaction.guild_id or 0, interaction.user.id, old, settings)
            return RenderedMessage(build_settings_view(settings, get_localized_messages(interaction)))

        await update_message(interaction, save_and_render)
