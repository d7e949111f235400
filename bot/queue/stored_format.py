"""Checking the format of the data in Redis, when the bot starts."""

import logging
from typing import cast

from redis.exceptions import RedisError

from bot.queue.connection import QueueRedis
from shared.queue.connection_errors import describe_redis_error
from shared.stored_format import choose_format

log = logging.getLogger(__name__)


async def check_redis_format(redis: QueueRedis) -> None:
    """Check that this release reads the stored data, and store its own format if that is newer.

    Raises `UnsupportedFormatError` and `redis.RedisError`.
    """
    stored = cast("bytes | None", await redis.get(redis.names.format))
    text = None if stored is None else stored.decode(errors="replace")
    chosen = str(choose_format(text, "Redis"))
    if chosen == text:
        return
    try:
        await redis.set(redis.names.format, chosen)
    except RedisError as error:
        log.warning(
            "the format %s could not be stored in Redis; the next start tries again: %s",
            chosen,
            describe_redis_error(error),
        )
