"""Tokens of interactions in Redis, for the bot that delivers their outcomes if it is another one.

Who has the token of an interaction can respond to it for 15 minutes.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from redis.exceptions import RedisError

from bot.queue.connection import QueueRedis
from shared.queue.connection_errors import describe_redis_error

log = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 2.0


class RedisFollowupStore:
    """Keeps the tokens of interactions while several bots run. Without them, people read direct messages instead."""

    def __init__(self, redis: QueueRedis, has_others: Callable[[], bool]) -> None:
        self._redis = redis
        self._has_others = has_others

    async def save_token(self, job_ids: Iterable[str], token: str, ttl_seconds: float) -> None:
        """Save the token of the interaction that submits these jobs, if other bots run. Failures are logged only."""
        if not self._has_others():
            return
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._redis.pipeline(transaction=False) as pipeline:
                for job_id in job_ids:
                    pipeline.set(self._redis.names.followup_key(job_id), token, ex=int(ttl_seconds))
                await pipeline.execute()
        except (RedisError, OSError) as error:
            log.info("the token of an interaction was not saved: %s", describe_redis_error(error))

    async def load_token(self, job_id: str) -> str | None:
        """Load the token of the interaction that submitted a job; None if there is none, or Redis does not answer."""
        if not self._has_others():
            return None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                token = await self._redis.get(self._redis.names.followup_key(job_id))
        except (RedisError, OSError) as error:
            log.info("job %s: the token of its interaction cannot be read: %s", job_id, describe_redis_error(error))
            return None
        return token.decode() if isinstance(token, bytes) else token
