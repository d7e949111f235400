"""The commands and handlers that the feature adds to the bot."""

from discord import app_commands

from bot.discord_client.command_builder import build_command
from bot.discord_client.feature import Feature
from bot.features.server_settings.choices import GuildSettingId
from bot.features.server_settings.command import ServerSettingsCommand
from bot.interactions.access import Access
from bot.interactions.routing import Route
from bot.storage.guild_settings import SqlGuildSettingsStore


def build_server_settings_feature(guild_settings: SqlGuildSettingsStore) -> Feature:
    """Build `/server` and the handler of its selects.

    Discord shows it to members who may manage the server. Its administrators can show it to others, whom it refuses.
    https://discord.com/developers/docs/interactions/application-commands#permissions
    """
    handler = ServerSettingsCommand(guild_settings)
    command = build_command("server", handler.show_settings)
    app_commands.allowed_contexts(guilds=True, dms=False)(command)
    app_commands.default_permissions(manage_guild=True)(command)
    return Feature(commands=[command], routes=[Route(GuildSettingId, handler.change_setting)], access=Access.ALWAYS)
