"""`/settings`: what a server chose, shown and changed by those who manage it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.discord_client.translator import localize_text
from bot.domain.preferences import ButtonPolicy
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import respond_privately
from bot.storage.guild_settings import SqlGuildSettingsStore


@dataclass(frozen=True)
class ServerSettingsCommand:
    """Answers the one who asked, with what holds now."""

    guild_settings: SqlGuildSettingsStore

    async def __call__(self, interaction: discord.Interaction, button_policy: str | None = None) -> None:
        guild = interaction.guild_id or 0
        async with limit_lookup_time(interaction):
            if button_policy is not None:
                await self.guild_settings.save_button_policy(guild, ButtonPolicy(button_policy))
            now = await self.guild_settings.load_button_policy(guild)
        phrases = get_localized_messages(interaction)
        await respond_privately(interaction, phrases.text("settings.pressing", who=phrases.text(f"settings.{now}")))


def build_settings_command(handlers: Mapping[str, Any]) -> app_commands.Command[Any, ..., None]:
    """Build the command; `does` gives what it does.

    Discord shows it to those who may manage the server, unless an admin there decides otherwise.
    https://discord.com/developers/docs/interactions/application-commands#permissions
    """

    async def settings(interaction: discord.Interaction, pressing: str | None = None) -> None:
        await handlers["settings"](interaction, pressing)

    key = "command.settings"
    decorated: Any = settings
    for decorate in (
        app_commands.rename(pressing=localize_text(f"{key}.pressing.name")),
        app_commands.describe(pressing=localize_text(f"{key}.pressing.description")),
        app_commands.choices(
            pressing=[Choice(name=localize_text(f"settings.{who}"), value=who.value) for who in ButtonPolicy]
        ),
        app_commands.default_permissions(manage_guild=True),
        app_commands.guild_only(),
        app_commands.guild_install(),
    ):
        decorated = decorate(decorated)
    return app_commands.Command(
        name=localize_text(f"{key}.name"), description=localize_text(f"{key}.description"), callback=decorated
    )
