"""Which guilds' queues are paused, as Redis knows it, and their jobs, which are parked meanwhile."""

from collections.abc import Iterable
from typing import Final, cast

from bot.queue.connection import QueueRedis, raise_queue_unavailable
from bot.queue.limits import build_guild_scope
from bot.queue.scripts import ScriptRunner
from shared.queue.replies import ScriptReply

BATCH_SIZE: Final = 100
"""How many jobs one run of a script parks or unparks, so that it keeps Redis busy for a few milliseconds only."""


class PausedGuildsReply(ScriptReply):
    """Reply of set_paused_guilds.lua: the scopes of the guilds that were paused just now, and of those resumed."""

    paused: tuple[str, ...]
    resumed: tuple[str, ...]


class RedisPausedGuilds:
    """Stores which guilds are paused. `image_ttl_seconds` is how long a resumed job's picture waits for its call."""

    def __init__(self, redis: QueueRedis, *, image_ttl_seconds: int = 86400) -> None:
        self._redis = redis
        self._names = redis.names
        self._image_ttl_ms = image_ttl_seconds * 1000
        self._scripts = ScriptRunner(redis, "set_paused_guilds", "park_jobs", "unpark_jobs")

    async def set_guilds(self, guild_ids: Iterable[int]) -> None:
        """Pause the queues of these guilds, and of no other. Raises `QueueUnavailableError`.

        It holds for every claim from the first command on; then the jobs that wait are parked, or unparked. If the bot
        dies meanwhile, claims park the rest, and the workers' sweep unparks it.
        """
        with raise_queue_unavailable():
            scopes = [build_guild_scope(guild_id) for guild_id in guild_ids]
            reply = PausedGuildsReply.parse(await self._scripts.run("set_paused_guilds", *scopes))
            for scope in reply.paused:
                await self._park_jobs(scope)
            for scope in reply.resumed:
                await self._unpark_jobs(scope)

    async def _park_jobs(self, scope: str) -> None:
        job_ids = list(cast("set[bytes]", await self._redis.smembers(self._names.open_jobs_key(scope))))
        for start in range(0, len(job_ids), BATCH_SIZE):
            await self._scripts.run("park_jobs", *job_ids[start : start + BATCH_SIZE])

    async def _unpark_jobs(self, scope: str) -> None:
        while await self._scripts.run("unpark_jobs", scope, BATCH_SIZE, self._image_ttl_ms) == BATCH_SIZE:
            pass
