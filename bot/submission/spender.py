"""On whose account a request goes."""

import discord

from bot.domain.budgets import Spender
from bot.interactions.usage import get_channel_id, list_role_ids
from shared.job import TeamRef


def build_spender(interaction: discord.Interaction, team: TeamRef | None = None) -> Spender:
    """Return on whose account a request of the interaction goes, for this team or for themselves."""
    user, team_id = interaction.user, None if team is None else team.id
    return Spender(user.id, interaction.guild_id or 0, get_channel_id(interaction), list_role_ids(user), team_id)


def build_member_spender(member: discord.Member, interaction: discord.Interaction) -> Spender:
    """Return on whose account a request of another member in the same channel would go."""
    return Spender(member.id, interaction.guild_id or 0, get_channel_id(interaction), list_role_ids(member))
