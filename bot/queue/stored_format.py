"""Checking the format of the data in Redis, when the bot starts."""

import logging
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.queue.connection_errors import describe_redis_error
from shared.queue.keys import FORMAT_KEY
from shared.stored_format import choose_format

log = logging.getLogger(__name__)


async def check_redis_format(redis: Redis) -> None:
    """Check that this release reads the stored data, and store its own format if that is newer.

    Raises `UnsupportedFormatError` and `redis.RedisError`.
    """
    stored = cast("bytes | None", await redis.get(FORMAT_KEY))
    text = None if stored is None else stored.decode(errors="replace")
    chosen = str(choose_format(text, "Redis"))
    if chosen == text:
        return
    try:
        await redis.set(FORMAT_KEY, chosen)
    except RedisError as error:
        log.warning(
            "the format %s could not be stored in Redis; the next start tries again: %s",
            chosen,
            describe_redis_error(error),
        )
