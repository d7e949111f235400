"""The commands and handlers that the feature adds to the bot."""

from discord import app_commands
from discord.app_commands import Choice

from bot.discord_client.command_builder import build_command
from bot.discord_client.feature import Feature
from bot.discord_client.translator import localize_text
from bot.domain.preferences import ButtonPolicy
from bot.features.server_settings.command import ServerSettingsCommand
from bot.storage.guild_settings import SqlGuildSettingsStore


def build_server_settings_feature(guild_settings: SqlGuildSettingsStore) -> Feature:
    """Build `/settings`.

    Discord shows it to members who may manage the server. Its administrators can show it to others, whom it refuses.
    https://discord.com/developers/docs/interactions/application-commands#permissions
    """
    handler = ServerSettingsCommand(guild_settings)
    choices = [Choice(name=localize_text(f"server_settings.{policy}"), value=policy.value) for policy in ButtonPolicy]
    command = build_command("settings", handler.show_settings, choices={"button_policy": choices})
    app_commands.default_permissions(manage_guild=True)(command)
    return Feature(commands=[command])
