"""The commands and handlers that the feature adds to the bot."""

from discord import app_commands

from bot.discord_client.command_builder import build_command
from bot.discord_client.feature import Feature
from bot.features.server_settings.command import ServerSettingsCommand
from bot.features.server_settings.sections import (
    FilledServerFormId,
    ServerFormId,
    ServerSectionId,
    ServerSettingId,
    ServerUndoId,
)
from bot.interactions.access import Access
from bot.interactions.routing import Route
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.presets import SqlPresetStore
from shared.catalogue import Catalogue


def build_server_settings_feature(
    guild_settings: SqlGuildSettingsStore, presets: SqlPresetStore, catalogue: Catalogue, image_retention_days: float
) -> Feature:
    """Build `/server` and the handlers of its components.

    Discord shows it to members who may manage the server. Its administrators can show it to others, whom it refuses.
    https://discord.com/developers/docs/interactions/application-commands#permissions
    """
    handler = ServerSettingsCommand(guild_settings, presets, catalogue, image_retention_days)
    command = build_command("server", handler.show_overview)
    app_commands.allowed_contexts(guilds=True, dms=False)(command)
    app_commands.default_permissions(manage_guild=True)(command)
    return Feature(
        commands=[command],
        routes=[
            Route(ServerSectionId, handler.show_section),
            Route(ServerSettingId, handler.change_setting),
            Route(ServerFormId, handler.open_form),
            Route(FilledServerFormId, handler.submit_form),
            Route(ServerUndoId, handler.undo_change),
        ],
        access=Access.ALWAYS,
    )
