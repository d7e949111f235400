"""On whose account a request goes."""

import discord

from bot.domain.budgets import Spender


def build_spender(interaction: discord.Interaction) -> Spender:
    """Return on whose account a request of the interaction goes."""
    user = interaction.user
    role_ids = _list_roles(user) if isinstance(user, discord.Member) else frozenset[int]()
    return Spender(user.id, interaction.guild_id or 0, _get_channel_id(interaction), role_ids)


def build_member_spender(member: discord.Member, interaction: discord.Interaction) -> Spender:
    """Return on whose account a request of another member in the same channel would go."""
    return Spender(member.id, interaction.guild_id or 0, _get_channel_id(interaction), _list_roles(member))


def _list_roles(member: discord.Member) -> frozenset[int]:
    return frozenset(role.id for role in member.roles)


def _get_channel_id(interaction: discord.Interaction) -> int:
    """Return the id of the channel, of a thread that of its channel."""
    channel = interaction.channel
    parent_id = channel.parent_id if isinstance(channel, discord.Thread) else None
    return parent_id or interaction.channel_id or 0
