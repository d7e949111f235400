"""The places where an outcome can be posted, best first: the job's thread, its channel, a direct message."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
import discord
from discord.abc import GuildChannel

from bot.delivery.discord_errors import THREAD_ARCHIVED_CODE, DestinationForbiddenError
from bot.discord_client.threads import open_thread
from bot.domain.status import JobStatus
from bot.images.upload_limit import MAX_REQUEST_BYTES
from bot.interactions.permissions import has_threads
from bot.interactions.visibility import resolve_permissions
from bot.rendering.outcome_views import compute_component_id
from shared.job import Job, Origin

log = logging.getLogger(__name__)

CALL_TIMEOUT_SECONDS: Final = 60.0
RENAME_TIMEOUT_SECONDS: Final = 10.0  # Discord lets a thread be renamed twice in ten minutes; discord.py would wait
SEARCH_WINDOW_SECONDS: Final = 120
SEARCH_MESSAGE_LIMIT: Final = 200

DISCORD_EPOCH: Final = datetime(2015, 1, 1, tzinfo=UTC)  # the time of snowflake 0

DEFAULT_UPLOAD_LIMIT: Final = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES


@dataclass(frozen=True)
class Destination:
    """A channel to post in. `upload_limit` is in bytes; `is_reply`: the message replies to the status message.

    `is_status_message`: the status message, which is in that channel, becomes the message.
    `notes` are sentences to show with the outcome, such as why it is not in its thread.
    """

    channel_id: int
    upload_limit: int
    is_reply: bool = False
    is_status_message: bool = False
    is_private: bool = False
    notes: Sequence[str] = ()


class ReplyReference(discord.MessageReference):
    """A reply that is posted even if its target was deleted. Its ids are strings, as Discord's schema requires."""

    def __init__(self, channel_id: int, message_id: int) -> None:
        super().__init__(message_id=message_id, channel_id=channel_id, fail_if_not_exists=False)

    def to_dict(self) -> Any:
        """Return the `message_reference` of the create-message request."""
        reference = super().to_dict()
        return reference | {key: str(value) for key, value in reference.items() if key.endswith("_id")}

    to_message_reference_dict = to_dict


def get_status_destination(client: discord.Client, job: Job, *, has_file: bool) -> Destination:
    """Return the status message of a job. Raises `DestinationForbiddenError`."""
    origin = job.origin
    if not origin.is_direct_message:
        _require_permissions(client, origin, "view_channel", has_file=has_file)
    limit = DEFAULT_UPLOAD_LIMIT if origin.is_direct_message else _get_upload_limit(client, origin.guild_id)
    return Destination(origin.channel_id, limit, is_status_message=True, is_private=origin.is_direct_message)


async def get_thread_destination(
    client: discord.Client, status: JobStatus, name: str, *, has_file: bool
) -> Destination:
    """Return the thread of a job, which is opened by this name if it is not open yet and the bot can post in it.

    Raises `DestinationForbiddenError` and `discord.HTTPException`.
    """
    origin = status.job.origin
    if origin.is_direct_message:
        return Destination(origin.channel_id, DEFAULT_UPLOAD_LIMIT, is_reply=True, is_private=True)
    limit = _get_upload_limit(client, origin.guild_id)
    _require_permissions(client, origin, "send_messages_in_threads", has_file=has_file)
    if origin.is_in_thread:
        return Destination(origin.channel_id, limit, is_reply=True)
    if status.thread_id is not None or _find_channel(client, origin.guild_id, origin.message_id) is not None:
        return Destination(status.thread_id or origin.message_id, limit)
    _require_permissions(client, origin, "create_public_threads", has_file=has_file)
    channel = _find_channel(client, origin.guild_id, origin.channel_id)
    if channel is not None and not has_threads(channel.type):
        raise DestinationForbiddenError("unfit")
    async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
        thread_id = await open_thread(client, origin, name)
    return Destination(thread_id, limit)


async def rename_thread(client: discord.Client, guild_id: int, thread_id: int, old_name: str, name: str) -> None:
    """Rename a thread that bears the old name: it began without a picture. Failures are logged only."""
    thread = _find_channel(client, guild_id, thread_id)
    if isinstance(thread, discord.Thread) and thread.name == old_name:
        try:
            async with asyncio.timeout(RENAME_TIMEOUT_SECONDS):
                await thread.edit(name=name)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("thread %d could not be renamed (%r)", thread_id, error)


def get_channel_destination(
    client: discord.Client, job: Job, *, has_file: bool, notes: Sequence[str] = ()
) -> Destination:
    """Return the channel where the command was used. Raises `DestinationForbiddenError`."""
    _require_permissions(client, job.origin, "send_messages", has_file=has_file)
    limit = _get_upload_limit(client, job.origin.guild_id)
    return Destination(job.origin.channel_id, limit, is_reply=True, notes=notes)


async def open_direct_destination(client: discord.Client, job: Job, notes: Sequence[str]) -> Destination:
    """Return the requester's direct messages, with notes to show there. Raises `discord.HTTPException`."""
    async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
        channel_id = await open_direct_channel(client, job.requester.id)
    return Destination(channel_id, DEFAULT_UPLOAD_LIMIT, is_private=True, notes=notes)


async def open_direct_channel(client: discord.Client, user_id: int) -> int:
    """Return the id of the direct messages with a user, which are opened if need be. Raises `discord.HTTPException`."""
    channel = await client.http.start_private_message(str(user_id))
    return int(channel["id"])


async def is_status_message_outcome(client: discord.Client, job: Job) -> bool:
    """Tell whether the status message of a job has become the message that shows its outcome."""
    if not may_read_history(client, job.origin.guild_id, job.origin.channel_id):
        return False
    channel = client.get_partial_messageable(job.origin.channel_id, guild_id=job.origin.guild_id)
    try:
        async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
            return _is_outcome_message(await channel.fetch_message(job.origin.message_id), job, client)
    except (discord.Forbidden, discord.NotFound):
        return False


async def find_message_in_channel(client: discord.Client, status: JobStatus, channel_id: int) -> int | None:
    """Find the message that shows a job's outcome, posted since the job ended. None where it cannot be read."""
    guild_id = status.job.origin.guild_id
    if not may_read_history(client, guild_id, channel_id):
        return None
    channel = client.get_partial_messageable(channel_id, guild_id=guild_id)
    start = max(datetime.fromtimestamp(status.state_since - SEARCH_WINDOW_SECONDS, UTC), DISCORD_EPOCH)
    after = discord.Object(discord.utils.time_snowflake(start))
    try:
        async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
            async for message in channel.history(limit=SEARCH_MESSAGE_LIMIT, after=after, oldest_first=True):
                if _is_outcome_message(message, status.job, client):
                    return message.id
    except (discord.Forbidden, discord.NotFound):
        return None
    return None


def _is_outcome_message(message: discord.Message, job: Job, client: discord.Client) -> bool:
    if client.user is None or message.author.id != client.user.id:
        return False
    component_id = compute_component_id(job.id)
    return str(message.nonce) == job.id or any(
        getattr(component, "id", None) == component_id for component in message.components
    )


def _require_permissions(client: discord.Client, origin: Origin, permission: str, *, has_file: bool) -> None:
    """Raise `DestinationForbiddenError` if the bot is known to lack a permission to post where a job was requested."""
    permissions = get_own_permissions(client, origin.guild_id, origin.channel_id)
    if permissions is None:
        return
    # without `send_messages`, discord.py takes away `attach_files`, even where messages go to threads
    lacks_files = has_file and permissions.send_messages and not permissions.attach_files
    if lacks_files or not (permissions.view_channel and getattr(permissions, permission)):
        raise DestinationForbiddenError("forbidden")


def may_read_history(client: discord.Client, guild_id: int, channel_id: int) -> bool:
    permissions = get_own_permissions(client, guild_id, channel_id)
    return permissions is None or (permissions.view_channel and permissions.read_message_history)


def get_own_permissions(client: discord.Client, guild_id: int, channel_id: int) -> discord.Permissions | None:
    """Return the bot's permissions in a channel; None before Discord has sent the guild, and in archived threads."""
    channel = _find_channel(client, guild_id, channel_id)
    return None if channel is None or channel.guild.me is None else resolve_permissions(channel.guild.me, channel)


def _find_channel(client: discord.Client, guild_id: int, channel_id: int) -> GuildChannel | discord.Thread | None:
    """Return a channel as Discord sent it; None for one that is unknown."""
    guild = client.get_guild(guild_id)
    return None if guild is None else guild.get_channel_or_thread(channel_id)


def _get_upload_limit(client: discord.Client, guild_id: int) -> int:
    guild = client.get_guild(guild_id)
    return min(guild.filesize_limit if guild else DEFAULT_UPLOAD_LIMIT, MAX_REQUEST_BYTES)


async def call_unarchived(client: discord.Client, thread_id: int | None, call: Callable[[], Awaitable[object]]) -> None:
    """Make a call on a message; its thread, if it is in one, is opened for it if Discord has archived it meanwhile.

    Raises the errors of discord.py, and `TimeoutError`.
    """
    async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
        try:
            await call()
        except discord.HTTPException as error:
            if error.code != THREAD_ARCHIVED_CODE or thread_id is None:
                raise
            await client.http.edit_channel(thread_id, archived=False)
            await call()
