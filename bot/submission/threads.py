"""Whether a command was used inside a thread."""

from typing import Final

import discord

_THREAD_TYPES: Final = frozenset(
    {discord.ChannelType.public_thread, discord.ChannelType.private_thread, discord.ChannelType.news_thread}
)


def is_in_thread(interaction: discord.Interaction) -> bool:
    """Tell whether the interaction comes from inside a thread."""
    return interaction.channel is not None and interaction.channel.type in _THREAD_TYPES
