"""Searches whose results a person is paging through, stored in Redis until they expire."""

import logging
from typing import Final, cast

from pydantic import TypeAdapter

from bot.domain.search import SearchQuery
from bot.queue.connection import QueueRedis, translate_redis_errors
from shared.unreadable import UnreadableRowLog

SAVED_SEARCH_TTL_SECONDS: Final = 86400
MAX_SAVED_SEARCHES: Final = 100
"""The latest searches of a person that are kept."""

_QUERY_ADAPTER: Final = TypeAdapter(SearchQuery)


class RedisSavedSearchStore:
    """One hash per person: search id to query, as JSON.

    The page buttons under a list carry only the search id. Every method raises `RejectedError` (queue_unavailable).
    """

    def __init__(self, redis: QueueRedis) -> None:
        self._redis = redis
        self._names = redis.names
        self._unreadable_rows = UnreadableRowLog(logging.getLogger(__name__))

    async def save_search(self, search_id: str, query: SearchQuery) -> None:
        """Store a search; all of a person's searches expire a day after their last one."""
        key = self._names.saved_searches_key(query.viewer_id)
        with translate_redis_errors():
            async with self._redis.pipeline() as pipeline:
                pipeline.hset(key, search_id, _QUERY_ADAPTER.dump_json(query))
                pipeline.pexpire(key, SAVED_SEARCH_TTL_SECONDS * 1000)
                pipeline.hkeys(key)
                *_, search_ids = await pipeline.execute()
            outdated = sorted(search_ids, key=lambda number: (len(number), number))[:-MAX_SAVED_SEARCHES]
            if outdated:  # numbers grow with time
                await self._redis.hdel(key, *outdated)

    async def load_search(self, search_id: str, viewer_id: int) -> SearchQuery | None:
        """Load a person's own search; None if it has expired, is someone else's, or this release cannot read it."""
        with translate_redis_errors():
            query = cast("bytes | None", await self._redis.hget(self._names.saved_searches_key(viewer_id), search_id))
        if query is None:
            return None
        try:
            return _QUERY_ADAPTER.validate_json(query)
        except ValueError as error:
            self._unreadable_rows.report(f"search {search_id}", error)
            return None

    async def delete_searches(self, viewer_id: int) -> None:
        """Delete all of a person's searches."""
        with translate_redis_errors():
            await self._redis.delete(self._names.saved_searches_key(viewer_id))
