"""What a person is about to ask, kept in Redis while they fill in a form: it does not fit into the form's own id."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from pydantic import TypeAdapter
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, RedisError

from bot.ports import Draft
from shared.errors import Refused, problem
from shared.queue.names import draft_key

DRAFT_SECONDS: Final = 3600
_PATIENCE: Final = 2.0  # Discord waits for three seconds
_DRAFT: Final = TypeAdapter(Draft)

T = TypeVar("T")


class RedisDrafts:
    """`bot.ports.Drafting` over Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def draft(self, draft_id: str, draft: Draft) -> None:
        await _soon(self._redis.set(draft_key(draft_id), _DRAFT.dump_json(draft), ex=DRAFT_SECONDS))

    async def drafted(self, draft_id: str) -> Draft | None:
        written = await _soon(self._redis.get(draft_key(draft_id)))
        return None if written is None else _DRAFT.validate_json(written)


async def _soon(answer: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await answer
    except OutOfMemoryError as error:
        raise Refused(problem("no_room")) from error
    except (RedisError, TimeoutError) as error:
        raise Refused(problem("queue_away")) from error
