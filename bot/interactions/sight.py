"""What a person may see here: their own, and what was told in channels of this server that they can read."""

from collections.abc import Iterator

import discord

from bot.ports import Past


def channels_of(interaction: discord.Interaction) -> frozenset[int]:
    """List the channels and open threads of this server that the person can read.

    An archived thread is not known to the bot, unless it is where the person is; a private one is seen by those who
    are in it, which only the place where they are tells.
    """
    if interaction.guild is None or not isinstance(interaction.user, discord.Member):
        return frozenset()
    return frozenset(_seen(interaction.guild, interaction.user)) | {interaction.channel_id or 0}


def may_see(interaction: discord.Interaction, past: Past) -> bool:
    """Tell whether this person may see what came of a job."""
    job = past.job
    if job.requester.id == interaction.user.id:
        return True
    here = not job.place.direct and job.place.guild == interaction.guild_id
    return here and not past.deleted and job.place.channel in channels_of(interaction)


def _seen(guild: discord.Guild, person: discord.Member) -> Iterator[int]:
    for channel in (*guild.channels, *guild.threads):
        private = isinstance(channel, discord.Thread) and channel.is_private()
        if private and not channel.permissions_for(person).manage_threads:
            continue
        granted = channel.permissions_for(person)
        if granted.view_channel and granted.read_message_history:
            yield channel.id
