"""Where the messages of a batch are: its board in a channel and its sheets in a thread below, or all in a forum post.

A thread in which the batch was started holds everything, as does a channel that can have no threads.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import discord
from discord import ui
from discord.abc import GuildChannel

from bot.delivery.destinations import CALL_TIMEOUT_SECONDS, SEARCH_WINDOW_SECONDS, call_unarchived
from bot.delivery.discord_errors import UNKNOWN_MESSAGE_CODE
from bot.delivery.posted_messages import PostedMessageFinder
from bot.delivery.result_message import MessagePayload
from bot.discord_client.forum_posts import complete_tags, find_forum_post
from bot.discord_client.sharded_client import load_guild
from bot.discord_client.threads import ARCHIVE_AFTER_MINUTES, open_thread
from bot.domain.batches import Batch, BatchPlace
from bot.interactions.permissions import has_threads
from bot.rendering.outcome_views import compute_component_id
from shared.job import Origin

log = logging.getLogger(__name__)

_NO_MENTIONS: Final = discord.AllowedMentions.none()


@dataclass(frozen=True)
class PostedBoard:
    """The message of a board, and the thread that it is in, if any."""

    message_id: int
    thread_id: int | None


class BatchPlaces:
    """Posts and edits the messages of batches. Methods raise the errors of discord.py. `clock` gives Unix seconds."""

    def __init__(self, client: discord.Client, *, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._posted_messages = PostedMessageFinder(client, clock=clock)

    def restart(self) -> None:
        """Trust nothing from before: another bot may have posted meanwhile."""
        self._posted_messages.restart()

    def mark_recorded(self, nonce: str) -> None:
        """Forget a message that is recorded."""
        self._posted_messages.mark_recorded(nonce)

    async def load_guild(self, place: BatchPlace) -> None:
        """Load the server of a batch, which may be on a shard of another process."""
        await load_guild(self._client, place.guild_id)

    def has_channel(self, place: BatchPlace) -> bool:
        """Tell whether the channel of a batch still exists, as far as the bot can see, and messages can be in it."""
        channel = self._find_channel(place)
        return channel is not None and not isinstance(channel, discord.ForumChannel)

    def is_in_forum(self, place: BatchPlace) -> bool:
        """Tell whether the board of a batch is the first message of a forum's post."""
        return isinstance(self._find_channel(place), discord.ForumChannel)

    def get_board_channel(self, place: BatchPlace) -> int:
        """Return the id of the channel, thread or post that the board is in."""
        return (place.thread_id if self.is_in_forum(place) else None) or place.channel_id

    async def post_board(
        self, batch: Batch, name: str, view: ui.LayoutView, nonce: str, since: float
    ) -> PostedBoard | None:
        """Post a board unless it was posted since then; in a forum as a post of this name.

        None if its nonce belongs to a message that was deleted since.
        """
        place = batch.place
        channel = self._find_channel(place)
        if isinstance(channel, discord.ForumChannel):
            post_id = await self._open_post(channel, name, view, nonce, since)
            return PostedBoard(post_id, post_id)
        message_id = await self.post(batch, place.channel_id, MessagePayload(view=view), nonce, since)
        if message_id is None:
            return None
        return PostedBoard(message_id, channel.id if isinstance(channel, discord.Thread) else None)

    async def open_thread(self, batch: Batch, name: str) -> int:
        """Open the thread under the board and return its id; that of the channel where there can be none."""
        place = batch.place
        channel = self._find_channel(place)
        if not isinstance(channel, discord.TextChannel) or not has_threads(channel.type):
            return place.channel_id
        permissions = channel.permissions_for(channel.guild.me)
        if not (permissions.create_public_threads and permissions.send_messages_in_threads):
            return place.channel_id
        origin = Origin(guild_id=place.guild_id, channel_id=place.channel_id, message_id=place.board_message_id or 0)
        async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
            return await open_thread(self._client, origin, name)

    async def post(
        self,
        batch: Batch,
        channel_id: int,
        payload: MessagePayload,
        nonce: str,
        since: float,
        *,
        pinged_id: int | None = None,
    ) -> int | None:
        """Post a message unless it was posted since then, and return its id. It pings nobody but this user.

        None if its nonce belongs to a message that was deleted since.
        """

        async def return_channel() -> int:
            return channel_id

        posted = await self._posted_messages.find_posted(batch.place.guild_id, return_channel, {nonce: since})
        if nonce in posted:
            return posted[nonce]
        users = [] if pinged_id is None else [discord.Object(pinged_id)]
        mentions = discord.AllowedMentions(everyone=False, roles=False, replied_user=False, users=users)
        try:
            with self._posted_messages.watch_posting(nonce):
                async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                    channel = self._client.get_partial_messageable(channel_id)
                    return (await channel.send(nonce=nonce, allowed_mentions=mentions, **payload)).id
        except discord.HTTPException as error:
            if error.code == UNKNOWN_MESSAGE_CODE:
                return None
            raise

    async def edit(
        self,
        place: BatchPlace,
        channel_id: int,
        message_id: int,
        view: ui.LayoutView,
        files: Sequence[discord.File] = (),
    ) -> bool:
        """Edit a message, whose thread is taken out of the archive if need be; False if it was deleted."""
        channel = self._client.get_partial_messageable(channel_id, guild_id=place.guild_id)
        message = channel.get_partial_message(message_id)

        async def edit() -> None:
            for file in files:
                file.reset(seek=True)
            await message.edit(view=view, attachments=files, allowed_mentions=_NO_MENTIONS)

        try:
            await call_unarchived(self._client, channel_id, edit)
        except discord.NotFound as error:
            if error.code == UNKNOWN_MESSAGE_CODE:
                return False
            raise
        return True

    async def _open_post(
        self, forum: discord.ForumChannel, name: str, view: ui.LayoutView, nonce: str, since: float
    ) -> int:
        """Open a post in a forum, unless it was opened since then, and return its id."""
        start = datetime.fromtimestamp(since - SEARCH_WINDOW_SECONDS, UTC)
        async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
            post_id = await find_forum_post(self._client, forum, compute_component_id(nonce), start)
            if post_id is not None:
                return post_id
            created = await forum.create_thread(
                name=name,
                view=view,
                applied_tags=complete_tags(forum, []),
                auto_archive_duration=ARCHIVE_AFTER_MINUTES,
                allowed_mentions=_NO_MENTIONS,
            )
        return created.thread.id

    def _find_channel(self, place: BatchPlace) -> GuildChannel | discord.Thread | None:
        guild = self._client.get_guild(place.guild_id)
        return None if guild is None else guild.get_channel_or_thread(place.channel_id)
