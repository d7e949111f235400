"""The preferences and the language of the user of an interaction.

`bot.discord_client` loads the preferences once for each interaction, before any handler runs.
"""

import logging
from typing import Final

import discord

from bot.domain.ports import PreferencesStore
from bot.domain.preferences import Preferences
from bot.interactions.deadlines import limit_lookup_time
from shared.i18n.messages import Messages, load_messages
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

_PREFERENCES_KEY: Final = "preferences"


async def load_preferences(interaction: discord.Interaction, preferences_store: PreferencesStore | None) -> None:
    """Load the user's preferences into the interaction; a failure is logged, and leaves it without any."""
    if preferences_store is None:
        set_preferences(interaction, Preferences())
        return
    try:
        async with limit_lookup_time(interaction):
            set_preferences(interaction, await preferences_store.load_preferences(interaction.user.id))
    except Exception:
        log.warning("interaction %s: the user's preferences could not be loaded", interaction.id, exc_info=True)


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


def get_localized_messages(interaction: discord.Interaction) -> Messages:
    """Return the messages in the language the user chose, or else in that of their Discord client."""
    return load_messages(get_preferences(interaction).language or interaction.locale.value)
