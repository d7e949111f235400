"""Searches whose results a person is paging through, stored in Redis until they expire."""

import json
from dataclasses import asdict
from typing import Final, cast

from redis.asyncio import Redis

from bot.domain.search import SearchQuery
from bot.queue.connection import translate_redis_errors
from shared.queue.keys import saved_searches_key

SAVED_SEARCH_TTL_SECONDS: Final = 86400


class RedisSavedSearchStore:
    """One hash per person: search id to query, as JSON.

    The page buttons under a list carry only the search id. Every method raises `RejectedError` (queue_unavailable).
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def save_search(self, search_id: str, query: SearchQuery) -> None:
        """Store a search; all of a person's searches expire a day after their last one."""
        key = saved_searches_key(query.viewer_id)
        with translate_redis_errors():
            async with self._redis.pipeline() as pipeline:
                pipeline.hset(key, search_id, json.dumps(asdict(query)))
                pipeline.pexpire(key, SAVED_SEARCH_TTL_SECONDS * 1000)
                await pipeline.execute()

    async def load_search(self, search_id: str, viewer_id: int) -> SearchQuery | None:
        """Load a person's own search; None if it has expired or is someone else's."""
        with translate_redis_errors():
            query = cast("bytes | None", await self._redis.hget(saved_searches_key(viewer_id), search_id))
        return None if query is None else SearchQuery(**json.loads(query))

    async def delete_searches(self, viewer_id: int) -> None:
        """Delete all of a person's searches."""
        with translate_redis_errors():
            await self._redis.delete(saved_searches_key(viewer_id))
