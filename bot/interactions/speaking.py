"""Whom an interaction is with: what they prefer, and the language they are spoken to in.

`bot.client` reads a person's preferences once an interaction, before anything answers it.
"""

import logging
from typing import Final

import discord

from bot.interactions.patience import looking_up
from bot.phrases import Phrases, phrases_for
from bot.ports import Knowing, Preferences
from shared.errors import Refused, problem

log = logging.getLogger(__name__)

_KEY: Final = "preferences"


async def get_to_know(interaction: discord.Interaction, people: Knowing | None) -> None:
    """Read what this person prefers, for all that follows."""
    try:
        async with looking_up(interaction):
            know(interaction, await people.preferences(interaction.user.id) if people else Preferences())
    except Exception:
        log.warning("job %s: what its person prefers cannot be read", interaction.id, exc_info=True)


def know(interaction: discord.Interaction, preferences: Preferences) -> None:
    """Go by these for all that follows."""
    interaction.extras[_KEY] = preferences


def preferences_of(interaction: discord.Interaction) -> Preferences:
    """Give what this person prefers; the defaults where that could not be read."""
    found = interaction.extras.get(_KEY)
    return found if isinstance(found, Preferences) else Preferences()


def known_preferences_of(interaction: discord.Interaction) -> Preferences:
    """Give what this person prefers, where a default may tell others what is private, or replace what was chosen.

    Raises `Refused` (not_in_time) where that could not be read.
    """
    if _KEY not in interaction.extras:
        raise Refused(problem("not_in_time"))
    return preferences_of(interaction)


def phrases_of(interaction: discord.Interaction) -> Phrases:
    """Give the sentences in the language that this person chose, or that of their Discord."""
    return phrases_for(preferences_of(interaction).language or interaction.locale.value)
