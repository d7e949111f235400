"""A client that runs all shards of the bot, or some of them, and that knows the servers of the others through REST.

Discord sends the servers of a shard to the process that runs it. What other processes' servers look like, with their
channels, roles and the bot's own member, is loaded when it is needed.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from typing import Any, Final, Protocol

import discord
from discord.gateway import DiscordWebSocket
from yarl import URL

from bot.domain.shards import Shards, find_shard

log = logging.getLogger(__name__)

REFRESH_SECONDS: Final = 60.0
"""How long a server of another process's shard counts as known. Its permissions may have changed since."""

MAX_REMOTE_GUILDS: Final = 200


class IdentifyGate(Protocol):
    """Lets the shards of all processes identify one after the other. Implemented by `bot.queue`."""

    async def wait_for_turn(self, bucket: int) -> None:
        """Wait until no shard of this bucket has identified in the last 5 s."""
        ...


class ShardedClient(discord.AutoShardedClient):
    """A client of these shards, or of all that Discord recommends.

    Shards of several processes identify one after the other by the `identify_gate`.
    """

    def __init__(
        self, *, shards: Shards | None = None, identify_gate: IdentifyGate | None = None, **options: Any
    ) -> None:
        chosen: dict[str, Any] = {} if shards is None else {"shard_ids": list(shards.ids), "shard_count": shards.count}
        super().__init__(**chosen, **options)
        self._shards = shards
        self._identify_gate = identify_gate
        self._max_concurrency = 1
        self._remote_guilds: OrderedDict[int, tuple[float, discord.Guild | None]] = OrderedDict()
        self._loading: dict[int, asyncio.Lock] = {}

    async def read_gateway(self) -> None:
        """Read the address of the gateway, how many shards may identify at once, and how many are recommended."""
        recommended, gateway, limits = await self.http.get_bot_gateway()
        # discord.py takes a new session's address from a constant, not from the API that it was pointed at
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway)
        self._max_concurrency = max(1, limits["max_concurrency"])
        if self._shards is not None and self._shards.count < recommended:
            log.warning(
                "Discord recommends %d shards, and SHARDS names %d in all: give it more, in every process",
                recommended,
                self._shards.count,
            )

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait until a shard may identify; discord.py calls this before each of them does."""
        if self._identify_gate is not None and shard_id is not None and (self.shard_count or 1) > 1:
            await self._identify_gate.wait_for_turn(shard_id % self._max_concurrency)
        else:
            await super().before_identify_hook(shard_id, initial=initial)

    def runs_shard_of(self, guild_id: int) -> bool:
        """Tell whether Discord sends the events of a server to this process."""
        return self._shards is None or find_shard(guild_id, self._shards.count) in self._shards.ids

    def get_guild(self, id: int, /) -> discord.Guild | None:  # noqa: A002 - discord.py calls it so
        """Return a server that Discord has sent, or that `load_guild` has loaded."""
        _, remote = self._remote_guilds.get(id, (0.0, None))
        return super().get_guild(id) or remote

    async def load_guild(self, guild_id: int) -> None:
        """Load a server of another process's shard, unless that was done lately, so that `get_guild` knows it.

        Raises `discord.HTTPException`, but none if the bot is not in it.
        """
        if not guild_id or self.runs_shard_of(guild_id) or self.user is None:
            return
        async with self._loading.setdefault(guild_id, asyncio.Lock()):
            loaded_at, _ = self._remote_guilds.get(guild_id, (float("-inf"), None))
            if time.monotonic() - loaded_at > REFRESH_SECONDS:
                guild = await self._fetch_guild(guild_id, self.user.id)
                self._remote_guilds[guild_id] = time.monotonic(), guild
                self._remote_guilds.move_to_end(guild_id)
        while len(self._remote_guilds) > MAX_REMOTE_GUILDS:
            oldest_id, _ = self._remote_guilds.popitem(last=False)
            self._loading.pop(oldest_id, None)

    async def _fetch_guild(self, guild_id: int, user_id: int) -> discord.Guild | None:
        """Build a server of the parts in which Discord's GUILD_CREATE has it."""
        try:
            guild, channels, threads, member = await asyncio.gather(
                self.http.get_guild(guild_id, with_counts=False),
                self.http.get_all_guild_channels(guild_id),
                self.http.get_active_threads(guild_id),
                self.http.get_member(guild_id, user_id),
            )
        except (discord.Forbidden, discord.NotFound):
            return None
        data: Any = guild | {"emojis": [], "stickers": []}
        data |= {"channels": channels, "threads": threads["threads"], "members": [member]}
        return discord.Guild(data=data, state=self._connection)


async def load_guild(client: discord.Client, guild_id: int) -> None:
    """Load a server that the client may not know, before what is known of it is read.

    Raises `discord.HTTPException`.
    """
    if isinstance(client, ShardedClient):
        await client.load_guild(guild_id)
