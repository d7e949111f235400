"""The preferences of the user of an interaction, the settings of its server, and the languages that follow from both.

`bot.discord_client` loads them once for each interaction, before any handler runs.
"""

import logging
from collections.abc import Awaitable
from typing import Final

import discord

from bot.domain.guild_settings import GuildSettings
from bot.domain.ports import GuildSettingsStore, PreferencesStore
from bot.domain.preferences import Preferences
from bot.interactions.deadlines import limit_lookup_time
from shared.i18n.messages import Messages, load_messages
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

_PREFERENCES_KEY: Final = "preferences"
_GUILD_SETTINGS_KEY: Final = "guild settings"


async def load_preferences(interaction: discord.Interaction, preferences_store: PreferencesStore | None) -> None:
    """Load the user's preferences into the interaction; a failure is logged, and leaves it without any."""
    if preferences_store is None:
        set_preferences(interaction, Preferences())
    else:
        await _load(interaction, _PREFERENCES_KEY, preferences_store.load_preferences(interaction.user.id))


async def load_guild_settings(interaction: discord.Interaction, guild_settings: GuildSettingsStore | None) -> None:
    """Load the server's settings into the interaction; a failure is logged, and leaves it without any."""
    if guild_settings is None or interaction.guild_id is None:
        interaction.extras[_GUILD_SETTINGS_KEY] = GuildSettings()
    else:
        await _load(interaction, _GUILD_SETTINGS_KEY, guild_settings.load_settings(interaction.guild_id))


async def _load(interaction: discord.Interaction, key: str, loading: Awaitable[Preferences | GuildSettings]) -> None:
    try:
        async with limit_lookup_time(interaction):
            interaction.extras[key] = await loading
    except Exception:
        log.warning("interaction %s: the %s could not be loaded", interaction.id, key, exc_info=True)


def set_preferences(interaction: discord.Interaction, preferences: Preferences) -> None:
    """Use these preferences for the rest of the interaction."""
    interaction.extras[_PREFERENCES_KEY] = preferences


def get_preferences(interaction: discord.Interaction) -> Preferences:
    """Return the user's preferences, or the defaults if they could not be loaded."""
    preferences = interaction.extras.get(_PREFERENCES_KEY)
    return preferences if isinstance(preferences, Preferences) else Preferences()


def require_preferences(interaction: discord.Interaction) -> Preferences:
    """Return the user's preferences where defaults would be wrong: to publish a result, or to save a change.

    Raises `RejectedError` (lookup_timed_out) if they could not be loaded.
    """
    if _PREFERENCES_KEY not in interaction.extras:
        raise RejectedError(make_problem("lookup_timed_out"))
    return get_preferences(interaction)


def set_guild_settings(interaction: discord.Interaction, settings: GuildSettings) -> None:
    """Use these settings of the server for the rest of the interaction."""
    interaction.extras[_GUILD_SETTINGS_KEY] = settings


def get_guild_settings(interaction: discord.Interaction) -> GuildSettings:
    """Return the server's settings, or the defaults if they could not be loaded."""
    settings = interaction.extras.get(_GUILD_SETTINGS_KEY)
    return settings if isinstance(settings, GuildSettings) else GuildSettings()


def require_guild_settings(interaction: discord.Interaction) -> GuildSettings:
    """Return the server's settings where defaults would be wrong. Raises `RejectedError` (lookup_timed_out)."""
    if _GUILD_SETTINGS_KEY not in interaction.extras:
        raise RejectedError(make_problem("lookup_timed_out"))
    return get_guild_settings(interaction)


def get_localized_messages(interaction: discord.Interaction) -> Messages:
    """Return the messages in the language the user chose, or else in that of their Discord client."""
    return load_messages(get_preferences(interaction).language or interaction.locale.value)


def get_guild_messages(interaction: discord.Interaction) -> Messages:
    """Return the messages in the server's language: the one that it chose, or else that of Discord's own."""
    return load_messages(get_guild_settings(interaction).language or str(interaction.guild_locale or ""))


def get_public_messages(interaction: discord.Interaction) -> Messages:
    """Return the messages in the server's language, if it chose one, and else in the user's."""
    language = get_guild_settings(interaction).language
    return load_messages(language) if language else get_localized_messages(interaction)
