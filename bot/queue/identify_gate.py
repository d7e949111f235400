"""Shards of several processes identify one after the other, through a key in Redis that lives for 5 s.

Discord lets as many shards identify in 5 s as `max_concurrency` says, and only one of each bucket.
https://discord.com/developers/docs/events/gateway#sharding-max-concurrency
"""

import asyncio
import logging
from typing import Final

from redis.exceptions import RedisError

from bot.queue.connection import QueueRedis
from shared.queue.connection_errors import describe_redis_error

log = logging.getLogger(__name__)

IDENTIFY_INTERVAL_SECONDS: Final = 5.5
"""Half a second more than Discord's, for the way there."""

POLL_INTERVAL_SECONDS: Final = 0.25


class RedisIdentifyGate:
    """Lets one shard of a bucket identify at a time, whichever process runs it."""

    def __init__(self, redis: QueueRedis) -> None:
        self._redis = redis

    async def wait_for_turn(self, bucket: int) -> None:
        """Wait until no shard of this bucket has identified lately; for that long if Redis does not answer."""
        while True:
            try:
                key = self._redis.names.identify_key(bucket)
                if await self._redis.set(key, 1, nx=True, px=int(IDENTIFY_INTERVAL_SECONDS * 1000)):
                    return
            except (RedisError, OSError) as error:
                log.warning("a shard identifies without its turn: %s", describe_redis_error(error))
                await asyncio.sleep(IDENTIFY_INTERVAL_SECONDS)
                return
            await asyncio.sleep(POLL_INTERVAL_SECONDS)
