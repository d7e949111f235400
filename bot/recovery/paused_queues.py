"""Pauses the queues in Redis that are paused in the database, whatever Redis lost or a bot that died left undone.

A change is made in the database first. The bot that made it updates Redis at once, and the leading bot does so when it
begins to lead, every few seconds, and before calls may start in a Redis that was started, restored or emptied.
"""

import asyncio
from typing import Final

from bot.periodic import run_every
from bot.queue.paused_guilds import RedisPausedGuilds
from bot.storage.guild_settings import SqlGuildSettingsStore

UPDATE_INTERVAL_SECONDS: Final = 5.0


class PausedQueues:
    """Updates Redis, one update at a time: none overwrites another with an older state of the database."""

    def __init__(self, guild_settings: SqlGuildSettingsStore, paused_guilds: RedisPausedGuilds) -> None:
        self._guild_settings = guild_settings
        self._paused_guilds = paused_guilds
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Update Redis every few seconds until cancelled."""
        await run_every(UPDATE_INTERVAL_SECONDS, self.update, "pausing and resuming queues")

    async def update(self) -> None:
        """Update Redis. Raises `RejectedError` (database_unavailable) and `QueueUnavailableError`."""
        async with self._lock:
            await self._paused_guilds.set_guilds(await self._guild_settings.list_paused_guilds())
