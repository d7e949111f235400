"""Checking Redis when the bot starts."""

from contextlib import suppress

from redis.exceptions import ResponseError

from bot.queue.connection import QueueRedis
from bot.queue.permissions import check_permissions
from bot.queue.stored_format import check_redis_format


async def check_redis(redis: QueueRedis) -> None:
    """Check the format of the stored data, and that the ACL denies no command of the scripts.

    A Redis that runs no script at all leaves none half done, and is no reason not to start: members are told. Raises
    `UnsupportedFormatError`, `QueueUnavailableError` and `redis.RedisError`.
    """
    await check_redis_format(redis)
    with suppress(ResponseError):
        await check_permissions(redis)
