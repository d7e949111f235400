"""The option that says whose preset or style set is meant: the person's or the server's."""

from typing import Final

import discord

from bot.domain.owners import Owner
from bot.interactions.permissions import require_guild_manager

_SERVER: Final = "server"
OWNERS: Final = ("me", _SERVER)
"""The values of the option."""


def get_guild_owner(interaction: discord.Interaction) -> Owner:
    """Get the owner of what belongs to the server; in direct messages, the person."""
    return Owner(interaction.user.id, interaction.guild_id or 0)


def resolve_owner(interaction: discord.Interaction, owner: str | None, code: str) -> Owner:
    """Get the owner of what is to be changed, the person by default.

    Raises `RejectedError` with the problem of this code if that is the server and the person may not manage it.
    """
    if owner != _SERVER:
        return Owner(interaction.user.id)
    require_guild_manager(interaction, code)
    return get_guild_owner(interaction)
