"""The command `/settings`: shows and changes the settings of a server."""

from dataclasses import dataclass, replace

import discord

from bot.domain.preferences import ButtonPolicy
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.permissions import require_guild_manager
from bot.interactions.responses import respond_privately
from bot.storage.guild_settings import SqlGuildSettingsStore


@dataclass(frozen=True)
class ServerSettingsCommand:
    """Saves a setting, if one is given, and shows the settings in force privately."""

    guild_settings: SqlGuildSettingsStore

    async def show_settings(self, interaction: discord.Interaction, button_policy: str | None = None) -> None:
        """Save who may use the buttons under other people's results, if given, and show it."""
        require_guild_manager(interaction, "settings_not_allowed")
        guild_id = interaction.guild_id or 0
        async with limit_lookup_time(interaction):
            settings = await self.guild_settings.load_settings(guild_id)
            if button_policy is not None:
                settings = replace(settings, button_policy=ButtonPolicy(button_policy))
                await self.guild_settings.save_settings(guild_id, settings)
        messages = get_localized_messages(interaction)
        text = messages.text(
            "server_settings.button_policy", who=messages.text(f"server_settings.{settings.button_policy}")
        )
        await respond_privately(interaction, text)
