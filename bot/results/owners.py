"""Whose the pictures of a message are."""

import discord

from bot.domain.ports import JobHistory
from bot.results.message_images import walk_components
from bot.results.messages import fetch_message
from shared.job import parse_job_id


def get_forwarded_guild_id(message: discord.Message) -> int | None:
    """Return the server that a forwarded message comes from, 0 for direct messages. None if it is not forwarded."""
    if not message.message_snapshots or message.reference is None:
        return None
    return message.reference.guild_id or 0


async def find_owner(client: discord.Client, message: discord.Message, job_history: JobHistory) -> int | None:
    """Find the user whose pictures a message shows; None if nobody knows.

    They are its author's. A message of this bot shows those of the requester of its job; another bot's those of the
    user who made it post; a forwarded one those of the original. Raises `RejectedError`: database_unavailable,
    discord_unavailable.
    """
    if message.author == client.user:
        for component in walk_components(message.components):
            _, _, value = str(getattr(component, "custom_id", "")).partition(":")
            job_id = parse_job_id(value.partition(":")[0])
            record = None if job_id is None else await job_history.find_job(job_id)
            if record is not None:
                return record.job.requester.id
    reference = message.reference
    if message.message_snapshots and reference is not None and reference.message_id is not None:
        original = await fetch_message(client, reference.channel_id, reference.message_id, reference.guild_id)
        if original is not None:
            return await find_owner(client, original, job_history)
    if message.author.bot:
        return message.interaction_metadata.user.id if message.interaction_metadata else None
    return message.author.id
