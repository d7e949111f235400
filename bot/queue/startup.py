"""Checking Redis when the bot starts."""

from contextlib import suppress

from redis.exceptions import ResponseError

from bot.queue.connection import QueueRedis
from bot.queue.permissions import check_permissions
from bot.queue.stored_format import check_redis_format
from shared.queue.server_mode import require_suitable_mode


async def check_redis(redis: QueueRedis) -> None:
    """Check the kind of server, the format of the stored data, and that the ACL denies no command of the scripts.

    A Redis that runs no script at all leaves none half done, and is no reason not to start: members are told. Raises
    `UnsupportedServerError`, `UnsupportedFormatError`, `QueueUnavailableError` and `redis.RedisError`.
    """
    with suppress(ResponseError):
        require_suitable_mode(await redis.info("server"), redis.names)
    await check_redis_format(redis)
    with suppress(ResponseError):
        await check_permissions(redis)
