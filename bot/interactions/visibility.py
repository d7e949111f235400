"""Which jobs a user may see: their own, and those of the channels of this server that they can read.

The bot does not know archived threads, except the one that the user is in. Only there can it tell who is in a private
thread.
"""

import discord
from discord.abc import GuildChannel

from bot.domain.records import JobRecord


def list_readable_channels(interaction: discord.Interaction) -> frozenset[int]:
    """Return the ids of the channels and active threads of this server that the user can read."""
    guild, user = interaction.guild, interaction.user
    if guild is None or not isinstance(user, discord.Member):
        return frozenset()
    readable = {channel.id for channel in (*guild.channels, *guild.threads) if _may_read(user, channel)}
    return frozenset(readable | {interaction.channel_id or 0})


def may_view_job(interaction: discord.Interaction, record: JobRecord) -> bool:
    """Tell whether the user may see a job and its result."""
    job = record.job
    if job.requester.id == interaction.user.id:
        return True
    is_of_this_guild = not job.origin.is_direct_message and job.origin.guild_id == interaction.guild_id
    return is_of_this_guild and not record.is_deleted and _may_read_channel(interaction, job.origin.channel_id)


def _may_read_channel(interaction: discord.Interaction, channel_id: int) -> bool:
    """Tell whether `list_readable_channels` has a channel, without the 25 ms it takes for 1,500 channels."""
    guild, user = interaction.guild, interaction.user
    if guild is None or not isinstance(user, discord.Member):
        return False
    channel = guild.get_channel_or_thread(channel_id)
    return channel_id == interaction.channel_id or (channel is not None and _may_read(user, channel))


def _may_read(member: discord.Member, channel: GuildChannel | discord.Thread) -> bool:
    permissions = channel.permissions_for(member)
    is_private = isinstance(channel, discord.Thread) and channel.is_private()
    return (
        permissions.view_channel and permissions.read_message_history and (permissions.manage_threads or not is_private)
    )
