"""Drafts in Redis: the subject of a form or a question while the user fills it in, as custom ids cannot hold it."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from pydantic import TypeAdapter
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, RedisError

from bot.domain.draft import Draft
from shared.problems import RejectedError, make_problem
from shared.queue.keys import draft_key

DRAFT_TTL_SECONDS: Final = 3600
_REPLY_TIMEOUT_SECONDS: Final = 2.0
"""Discord waits three seconds for the form."""

_DRAFT_ADAPTER: Final = TypeAdapter(Draft)

T = TypeVar("T")


class RedisDraftStore:
    """Keeps drafts for an hour. Every method raises `RejectedError` (queue_full, queue_unavailable)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def save_draft(self, draft_id: str, draft: Draft) -> None:
        """Save a draft under the id of its interaction."""
        await _await_reply(self._redis.set(draft_key(draft_id), _DRAFT_ADAPTER.dump_json(draft), ex=DRAFT_TTL_SECONDS))

    async def load_draft(self, draft_id: str) -> Draft | None:
        """Load a draft; None if it has expired."""
        draft_json = await _await_reply(self._redis.get(draft_key(draft_id)))
        return None if draft_json is None else _DRAFT_ADAPTER.validate_json(draft_json)


async def _await_reply(reply: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(_REPLY_TIMEOUT_SECONDS):
            return await reply
    except OutOfMemoryError as error:
        raise RejectedError(make_problem("queue_full")) from error
    except (RedisError, TimeoutError) as error:
        raise RejectedError(make_problem("queue_unavailable")) from error
