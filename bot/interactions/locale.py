"""Whom an interaction is with: what they prefer, and the language they are spoken to in.

`bot.discord_client.client` reads a person's preferences once an interaction, before anything answers it.
"""

import logging
from typing import Final

import discord

from bot.domain.ports import PreferencesStore
from bot.domain.preferences import Preferences
from bot.i18n import Messages, load_messages
from bot.interactions.deadlines import limit_lookup_time
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

_PREFERENCES_KEY: Final = "preferences"


async def load_preferences(interaction: discord.Interaction, preferences_store: PreferencesStore | None) -> None:
    """Read what this person prefers, for all that follows."""
    try:
        async with limit_lookup_time(interaction):
            set_preferences(
                interaction,
                await preferences_store.load_preferences(interaction.user.id) if preferences_store else Preferences(),
            )
    except Exception:
        log.warning("job %s: what its person prefers cannot be read", interaction.id, exc_info=True)


def set_preferences(interaction: discord.Interaction, preferences: Preferences) -> None:
    """Go by these for all that follows."""
    interaction.extras[_PREFERENCES_KEY] = preferences


def get_preferences(interaction: discord.Interaction) -> Preferences:
    """Give what this person prefers; the defaults where that could not be read."""
    found = interaction.extras.get(_PREFERENCES_KEY)
    return found if isinstance(found, Preferences) else Preferences()


def require_preferences(interaction: discord.Interaction) -> Preferences:
    """Give what this person prefers, where a default may tell others what is private, or replace what was chosen.

    Raises `RejectedError` (not_in_time) where that could not be read.
    """
    if _PREFERENCES_KEY not in interaction.extras:
        raise RejectedError(make_problem("not_in_time"))
    return get_preferences(interaction)


def get_localized_messages(interaction: discord.Interaction) -> Messages:
    """Give the sentences in the language that this person chose, or that of their Discord."""
    return load_messages(get_preferences(interaction).language or interaction.locale.value)
