"""The places where an answer may be said, best first: the job's thread, its channel, a direct message."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import discord

from bot.deliver.refusals import REASONS, THREAD_EXISTS
from bot.phrases import Phrases
from bot.ports import Standing
from bot.render import mark, thread_name
from bot.upload import WHOLE_REQUEST
from shared.job import Job

CALL_SECONDS: Final = 60.0
ARCHIVE_MINUTES: Final = 1440
LOOK_BACK_SECONDS: Final = 120
LOOK_BACK_MESSAGES: Final = 200

DISCORD_EPOCH: Final = datetime(2015, 1, 1, tzinfo=UTC)  # where snowflakes begin

DEFAULT_UPLOAD: Final = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES


@dataclass(frozen=True)
class Spot:
    """A channel to post in, its upload limit in bytes, whether to reply to the status message, what to say of it."""

    channel: int
    limit: int
    reply: bool = False
    private: bool = False
    notes: Sequence[str] = ()


class Reply(discord.MessageReference):
    """A reply, posted even when the message it answers was deleted; its ids are strings, as Discord's schema asks."""

    def __init__(self, channel: int, message: int) -> None:
        super().__init__(message_id=message, channel_id=channel, fail_if_not_exists=False)

    def to_dict(self) -> Any:
        """Give the reference in the form of the create-message request."""
        whole = super().to_dict()
        return whole | {key: str(value) for key, value in whole.items() if key.endswith("_id")}

    to_message_reference_dict = to_dict


async def thread_spot(client: discord.Client, standing: Standing) -> Spot:
    """Give the thread of a job, opened now if it is not yet. Raises `discord.HTTPException`."""
    place = standing.job.place
    if place.direct:
        return Spot(place.channel, DEFAULT_UPLOAD, reply=True, private=True)
    limit = _limit(client, place.guild)
    if place.in_place:
        return Spot(place.channel, limit, reply=True)
    return Spot(standing.thread or await _open(client, standing.job), limit)


def channel_spot(client: discord.Client, job: Job, refusal: discord.HTTPException, phrases: Phrases) -> Spot:
    """Give the channel where the command was used, and say why it is not the thread."""
    why = phrases.say(f"thread.{REASONS.get(refusal.code, 'refused')}", code=refusal.code)
    return Spot(job.place.channel, _limit(client, job.place.guild), reply=True, notes=(why,))


async def direct_spot(client: discord.Client, job: Job, phrases: Phrases) -> Spot:
    """Give the direct messages with the one who asked. Raises `discord.HTTPException`."""
    async with asyncio.timeout(CALL_SECONDS):
        channel = await client.http.start_private_message(str(job.requester.id))
    return Spot(int(channel["id"]), DEFAULT_UPLOAD, private=True, notes=(phrases.say("thread.direct"),))


async def find_answer(client: discord.Client, standing: Standing, channel_id: int) -> int | None:
    """Look in a channel for the answer to a job, posted since it ended; a channel that cannot be read holds none."""
    channel = client.get_partial_messageable(channel_id, guild_id=standing.job.place.guild)
    ended = max(datetime.fromtimestamp(standing.since - LOOK_BACK_SECONDS, UTC), DISCORD_EPOCH)
    after = discord.Object(discord.utils.time_snowflake(ended))
    try:
        async with asyncio.timeout(CALL_SECONDS):
            async for message in channel.history(limit=LOOK_BACK_MESSAGES, after=after, oldest_first=True):
                if _answers(message, standing.job, client):
                    return message.id
    except (discord.Forbidden, discord.NotFound):
        return None
    return None


def _answers(message: discord.Message, job: Job, client: discord.Client) -> bool:
    if client.user is None or message.author.id != client.user.id:
        return False
    return str(message.nonce) == job.id or any(getattr(part, "id", None) == mark(job.id) for part in message.components)


async def _open(client: discord.Client, job: Job) -> int:
    place = job.place
    try:
        async with asyncio.timeout(CALL_SECONDS):
            await client.http.start_thread_with_message(
                place.channel, place.message, name=thread_name(job.request), auto_archive_duration=ARCHIVE_MINUTES
            )
    except discord.HTTPException as error:
        if error.code != THREAD_EXISTS:
            raise
    return place.message  # a thread under a message has the message's own id


def _limit(client: discord.Client, guild_id: int) -> int:
    guild = client.get_guild(guild_id)
    return min(guild.filesize_limit if guild else DEFAULT_UPLOAD, WHOLE_REQUEST)
