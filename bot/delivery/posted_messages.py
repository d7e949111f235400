"""Finds messages that were posted although nobody recorded that.

The nonce of a message keeps Discord from posting it twice for a few minutes
(https://discord.com/developers/docs/resources/message#create-message). A message that an earlier process may have
posted, or whose response was lost, is looked for in the channel's history, by the id of its container.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import discord

from bot.delivery.destinations import CALL_TIMEOUT_SECONDS, DISCORD_EPOCH, SEARCH_WINDOW_SECONDS, may_read_history
from bot.delivery.discord_errors import DestinationForbiddenError, is_transient
from bot.discord_client.sharded_client import load_guild
from bot.rendering.outcome_views import compute_component_id

SEARCH_MESSAGE_LIMIT: Final = 1000
_NONCE_LENGTH: Final = 25


class PostedMessageFinder:
    """Knows which messages may have been posted already, by their nonces. `clock` gives Unix seconds."""

    def __init__(self, client: discord.Client, *, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._clock = clock
        self._started_at = clock()
        self._doubtful: set[str] = set()
        self._unposted: set[str] = set()

    def restart(self) -> None:
        """Trust nothing from before: another bot may have posted meanwhile."""
        self._started_at = self._clock()
        self._unposted.clear()

    @contextmanager
    def watch_posting(self, nonce: str) -> Iterator[None]:
        """Remember that nobody knows whether a message was posted, if posting it fails without a refusal."""
        try:
            yield
        except Exception as error:
            is_refused = isinstance(error, discord.HTTPException | DestinationForbiddenError)
            if not is_refused or is_transient(error):
                self._doubtful.add(nonce)
            raise

    def mark_recorded(self, nonce: str) -> None:
        """Forget a message that is recorded."""
        self._unposted.discard(nonce)

    async def find_posted(
        self, guild_id: int, open_channel: Callable[[], Awaitable[int]], created_at: Mapping[str, float]
    ) -> dict[str, int]:
        """Find those messages that this process, or an earlier one, posted in a channel without recording it, by nonce.

        `created_at` gives the times from which they wait to be posted. `open_channel` returns the id of the channel; it
        is called only if a message may have been posted. Raises the errors that
        `bot.delivery.discord_errors.is_transient` knows.
        """
        doubtful = {nonce: at for nonce, at in created_at.items() if self._may_be_posted(nonce, at)}
        if not doubtful:
            return {}
        try:
            channel_id = await open_channel()
        except discord.HTTPException as error:
            if is_transient(error):
                raise
            return {}
        await load_guild(self._client, guild_id)
        return await self._search_channel(guild_id, channel_id, doubtful)

    def _may_be_posted(self, nonce: str, created_at: float) -> bool:
        is_older = created_at < self._started_at and nonce not in self._unposted
        return is_older or nonce in self._doubtful

    async def _search_channel(self, guild_id: int, channel_id: int, created_at: Mapping[str, float]) -> dict[str, int]:
        wanted = {compute_component_id(nonce): nonce for nonce in created_at}
        posted: dict[str, int] = {}
        if not may_read_history(self._client, guild_id, channel_id):
            return posted
        start = max(datetime.fromtimestamp(min(created_at.values()) - SEARCH_WINDOW_SECONDS, UTC), DISCORD_EPOCH)
        after = discord.Object(discord.utils.time_snowflake(start))
        channel = self._client.get_partial_messageable(channel_id)
        try:
            async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                async for message in channel.history(limit=SEARCH_MESSAGE_LIMIT, after=after, oldest_first=False):
                    for component in message.components:
                        nonce = wanted.get(getattr(component, "id", None) or 0)
                        if nonce is not None and message.author == self._client.user:
                            posted[nonce] = message.id
        except (discord.Forbidden, discord.NotFound) as error:
            if is_transient(error):
                raise
        self._unposted |= created_at.keys()
        self._doubtful -= created_at.keys()
        return posted


def derive_nonce(text: str) -> str:
    """Derive a nonce, which Discord limits to 25 characters, from a text that names a message."""
    return hashlib.sha256(text.encode()).hexdigest()[:_NONCE_LENGTH]
