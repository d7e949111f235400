"""On whose account a request goes."""

import discord

from bot.domain.budgets import Spender
from bot.interactions.usage import get_channel_id, list_role_ids


def build_spender(interaction: discord.Interaction) -> Spender:
    """Return on whose account a request of the interaction goes."""
    user = interaction.user
    return Spender(user.id, interaction.guild_id or 0, get_channel_id(interaction), list_role_ids(user))


def build_member_spender(member: discord.Member, interaction: discord.Interaction) -> Spender:
    """Return on whose account a request of another member in the same channel would go."""
    return Spender(member.id, interaction.guild_id or 0, get_channel_id(interaction), list_role_ids(member))
