"""Drafts in Redis: the subject of a form or a question while the user fills it in, as custom ids cannot hold it."""

import asyncio
import logging
import lzma
from collections.abc import Awaitable, Sequence
from typing import Final, TypeVar, assert_never, cast

from pydantic import TypeAdapter
from redis.exceptions import RedisError

from bot.domain.draft import Draft
from bot.queue.connection import QueueRedis
from bot.queue.limits import DEFAULT_LIMITS, Limits, make_rate_problem
from bot.queue.replies import SaveDraftReply, SaveDraftResult
from bot.queue.scripts import ScriptRunner
from shared.problems import RejectedError, make_problem
from shared.queue.scripts import is_oom_error
from shared.unreadable import UnreadableRowLog

DRAFT_TTL_SECONDS: Final = 3600
MAX_DRAFTS_PER_USER: Final = 20
MAX_UNCOMPRESSED_BYTES: Final = 2048
"""A plan repeats its request, and is longer: compression leaves little more than one of them."""

_XZ_MAGIC: Final = b"\xfd7zXZ"
_REPLY_TIMEOUT_SECONDS: Final = 2.0
"""Discord waits three seconds for the form."""

_DRAFT_ADAPTER: Final = TypeAdapter(Draft)

T = TypeVar("T")


class RedisDraftStore:
    """Keeps drafts for an hour, the latest few of each user. They give way to jobs when memory is short.

    Above `max_memory_ratio` (0 to 1) of Redis's maxmemory no draft is saved. Every method raises `RejectedError`
    (queue_full, queue_unavailable).
    """

    def __init__(self, redis: QueueRedis, *, limits: Limits = DEFAULT_LIMITS, max_memory_ratio: float = 0.8) -> None:
        self._redis = redis
        self._names = redis.names
        self._limits = limits
        self._max_memory_ratio = max_memory_ratio
        self._scripts = ScriptRunner(redis, "save_draft")
        self._unreadable_rows = UnreadableRowLog(logging.getLogger(__name__))

    async def save_draft(self, draft_id: str, draft: Draft) -> None:
        """Save the draft of a form under the id of its interaction."""
        await self._save(draft_id, draft)

    async def save_plan(self, draft_id: str, draft: Draft, *, channel_id: int, guild_id: int) -> None:
        """Save the draft of an exploration under the id of its interaction. Raises `RejectedError` (too_often…), too.

        It counts in the limits on requests per minute, but never stops another user's request.
        """
        await self._save(draft_id, draft, self._limits.build_draft_arguments(draft.user_id, channel_id, guild_id))

    async def _save(self, draft_id: str, draft: Draft, scopes: Sequence[str | int] = ()) -> None:
        draft_json = _DRAFT_ADAPTER.dump_json(draft)
        is_long = len(draft_json) > MAX_UNCOMPRESSED_BYTES
        arguments = [
            *(draft_id, lzma.compress(draft_json, preset=0) if is_long else draft_json, DRAFT_TTL_SECONDS * 1000),
            *(draft.user_id, MAX_DRAFTS_PER_USER, self._max_memory_ratio),
        ]
        reply = SaveDraftReply.parse(await _await_reply(self._scripts.run("save_draft", *arguments, *scopes)))
        match reply.result:
            case SaveDraftResult.SAVED:
                return
            case SaveDraftResult.RATE_LIMITED:
                raise RejectedError(make_rate_problem(reply.scope, reply.limit, reply.wait_ms))
            case SaveDraftResult.OUT_OF_MEMORY:
                raise RejectedError(make_problem("queue_full"))
            case _:
                assert_never(reply.result)

    async def load_draft(self, draft_id: str) -> Draft | None:
        """Load a draft; None if it has expired, or another release wrote it in a way that this one cannot read."""
        draft_json = cast("bytes | None", await _await_reply(self._redis.get(self._names.draft_key(draft_id))))
        if draft_json is None:
            return None
        try:
            if draft_json.startswith(_XZ_MAGIC):
                draft_json = lzma.decompress(draft_json)
            return _DRAFT_ADAPTER.validate_json(draft_json)
        except (ValueError, lzma.LZMAError) as error:
            self._unreadable_rows.report(f"draft {draft_id}", error)
            return None


async def _await_reply(reply: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(_REPLY_TIMEOUT_SECONDS):
            return await reply
    except (RedisError, TimeoutError) as error:
        if is_oom_error(error):
            raise RejectedError(make_problem("queue_full")) from error
        raise RejectedError(make_problem("queue_unavailable")) from error
