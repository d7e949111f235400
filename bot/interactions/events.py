"""Noting, for the operator's metrics, what people were refused."""

from collections.abc import Sequence
from typing import Final

import discord

from bot.domain.events import Events
from shared.problems import Problem

_EVENTS_KEY: Final = "events"


def set_events(interaction: discord.Interaction, events: Events) -> None:
    """Remember who notes the events of an interaction."""
    interaction.extras[_EVENTS_KEY] = events


def note_refusal(interaction: discord.Interaction, problems: Sequence[Problem]) -> None:
    """Note that the user is told these problems."""
    events = interaction.extras.get(_EVENTS_KEY)
    if isinstance(events, Events):
        events.note_refusal(problems)
