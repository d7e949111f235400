"""Posting, finding, editing and deleting the messages of a gallery, in a text channel or as posts of a forum.

The nonce of a message in a text channel is derived from its job; Discord keeps it unique for a few minutes. A post of a
forum has no nonce: https://discord.com/developers/docs/resources/channel#start-thread-in-forum-or-media-channel
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import discord
from discord import ui

from bot.delivery.destinations import (
    CALL_TIMEOUT_SECONDS,
    SEARCH_MESSAGE_LIMIT,
    SEARCH_WINDOW_SECONDS,
    call_unarchived,
)
from bot.delivery.posted_messages import derive_nonce
from bot.discord_client.forum_posts import (
    FORUM_TIMEOUT_SECONDS,
    complete_tags,
    find_forum_post,
    find_or_create_tags,
    is_own_message,
)
from bot.features.gallery.place import GalleryChannel, find_gallery_channel
from bot.features.gallery.post_view import compute_post_component_id


@dataclass(frozen=True)
class PostTarget:
    """The message of a result. `channel_id` is where the gallery was then; a forum's post has a channel of its own."""

    guild: discord.Guild
    channel_id: int
    message_id: int

    @property
    def is_forum_post(self) -> bool:
        """Whether the message is the first of a forum's post."""
        return isinstance(find_gallery_channel(self.guild, self.channel_id), discord.ForumChannel)

    @property
    def thread_id(self) -> int | None:
        """The id of the forum's post, which may be archived; None in a text channel."""
        return self.message_id if self.is_forum_post else None

    def get_message(self, client: discord.Client) -> discord.PartialMessage:
        """Return the message, without asking Discord for it."""
        channel = client.get_partial_messageable(self.thread_id or self.channel_id, guild_id=self.guild.id)
        return channel.get_partial_message(self.message_id)


async def send_post(
    channel: GalleryChannel, job_id: str, title: str, view: ui.LayoutView, file: discord.File, tags: Sequence[str]
) -> int:
    """Post a result and return the id of its message. Raises the errors of discord.py, and `TimeoutError`."""
    if isinstance(channel, discord.ForumChannel):
        async with asyncio.timeout(FORUM_TIMEOUT_SECONDS):
            applied = complete_tags(channel, await find_or_create_tags(channel, [[name] for name in tags]))
            created = await channel.create_thread(name=title, view=view, file=file, applied_tags=applied)
            return created.message.id
    async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
        return (await channel.send(view=view, file=file, nonce=_make_nonce(job_id))).id


async def find_post(client: discord.Client, channel: GalleryChannel, job_id: str, since: float) -> int | None:
    """Find the message of a result that was posted since then, in Unix seconds. None if there is none that can be read.

    Raises the errors of discord.py, and `TimeoutError`.
    """
    start = datetime.fromtimestamp(since - SEARCH_WINDOW_SECONDS, UTC)
    component_id = compute_post_component_id(job_id)
    try:
        async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
            if isinstance(channel, discord.ForumChannel):
                return await find_forum_post(client, channel, component_id, start)
            async for message in channel.history(limit=SEARCH_MESSAGE_LIMIT, after=start, oldest_first=True):
                if is_own_message(message, client, component_id):
                    return message.id
    except (discord.Forbidden, discord.NotFound):
        return None
    return None


async def edit_post(client: discord.Client, target: PostTarget, view: ui.LayoutView) -> None:
    """Edit the message of a result, which keeps its file. Raises the errors of discord.py, and `TimeoutError`."""
    message = target.get_message(client)
    await call_unarchived(client, target.thread_id, lambda: message.edit(view=view))


async def delete_post(client: discord.Client, target: PostTarget) -> None:
    """Delete the message of a result, and the post of a forum around it; one that is gone is no error.

    Without the permission to manage threads, the post of a forum loses its message and its name. Raises the errors of
    discord.py, and `TimeoutError`.
    """
    with contextlib.suppress(discord.NotFound):
        if target.is_forum_post:
            with contextlib.suppress(discord.Forbidden):
                async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                    await client.http.delete_channel(target.message_id)
                return
        await call_unarchived(client, target.thread_id, target.get_message(client).delete)
        if target.is_forum_post:
            async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                await client.http.edit_channel(target.message_id, name="…", archived=True)


def _make_nonce(job_id: str) -> str:
    """Make a nonce that differs from the job's id, which is the nonce of its own message."""
    return derive_nonce(f"gallery:{job_id}")


def is_gone(error: discord.HTTPException) -> bool:
    """Tell whether a message, its thread or its channel was deleted."""
    return error.status == HTTPStatus.NOT_FOUND
