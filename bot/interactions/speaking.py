"""Whom an interaction is with: what they prefer, and the language they are spoken to in.

`bot.client` reads a person's preferences once an interaction, before anything answers it.
"""

import asyncio
import logging
from typing import Final

import discord

from bot.phrases import Phrases, phrases_for
from bot.ports import Knowing, Preferences

log = logging.getLogger(__name__)

READ_SECONDS: Final = 0.5  # of the three in which Discord wants an answer
_KEY: Final = "preferences"


async def get_to_know(interaction: discord.Interaction, people: Knowing | None) -> None:
    """Read what this person prefers, for all that follows; what cannot be read soon is the default."""
    if people is None:
        return
    try:
        async with asyncio.timeout(READ_SECONDS):
            know(interaction, await people.preferences(interaction.user.id))
    except Exception:
        log.warning("job %s: what its person prefers cannot be read, the defaults hold", interaction.id, exc_info=True)


def know(interaction: discord.Interaction, preferences: Preferences) -> None:
    """Go by these for all that follows."""
    interaction.extras[_KEY] = preferences


def preferences_of(interaction: discord.Interaction) -> Preferences:
    """Give what this person prefers; the defaults where that was not read."""
    found = interaction.extras.get(_KEY)
    return found if isinstance(found, Preferences) else Preferences()


def phrases_of(interaction: discord.Interaction) -> Phrases:
    """Give the sentences in the language that this person chose, or that of their Discord."""
    return phrases_for(preferences_of(interaction).language or interaction.locale.value)
