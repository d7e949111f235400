"""Drafts in Redis: the subject of a form or a question while the user fills it in, as custom ids cannot hold it."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Final, TypeVar

from pydantic import TypeAdapter
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, RedisError

from bot.domain.draft import Draft
from shared.problems import RejectedError, make_problem
from shared.queue.keys import draft_key
from shared.unreadable import UnreadableRowLog

DRAFT_TTL_SECONDS: Final = 3600
_REPLY_TIMEOUT_SECONDS: Final = 2.0
"""Discord waits three seconds for the form."""

_DRAFT_ADAPTER: Final = TypeAdapter(Draft)

T = TypeVar("T")


class RedisDraftStore:
    """Keeps drafts for an hour. Every method raises `RejectedError` (queue_full, queue_unavailable)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._unreadable_rows = UnreadableRowLog(logging.getLogger(__name__))

    async def save_draft(self, draft_id: str, draft: Draft) -> None:
        """Save a draft under the id of its interaction."""
        await _await_reply(self._redis.set(draft_key(draft_id), _DRAFT_ADAPTER.dump_json(draft), ex=DRAFT_TTL_SECONDS))

    async def load_draft(self, draft_id: str) -> Draft | None:
        """Load a draft; None if it has expired, or another release wrote it in a way that this one cannot read."""
        draft_json = await _await_reply(self._redis.get(draft_key(draft_id)))
        if draft_json is None:
            return None
        try:
            return _DRAFT_ADAPTER.validate_json(draft_json)
        except ValueError as error:
            self._unreadable_rows.report(f"draft {draft_id}", error)
            return None


async def _await_reply(reply: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(_REPLY_TIMEOUT_SECONDS):
            return await reply
    except OutOfMemoryError as error:
        raise RejectedError(make_problem("queue_full")) from error
    except (RedisError, TimeoutError) as error:
        raise RejectedError(make_problem("queue_unavailable")) from error
