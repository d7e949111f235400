"""Checking Redis as the bot uses it: it loads the scripts, and writes, reads and deletes a key."""

import secrets
from typing import cast

from redis.exceptions import RedisError

from bot.domain.errors import QueueUnavailableError
from bot.queue.connection import QueueRedis, connect_to_redis
from bot.queue.permissions import check_permissions
from shared.queue.connection_errors import describe_redis_error
from shared.queue.keys import KeyNames
from shared.queue.scripts import list_scripts, load_script
from shared.queue.server_check import (
    CHECK_TTL_MS,
    NOT_READ_AGAIN,
    ServerReport,
    assess_server,
    find_format_error,
)


async def check_server(url: str, names: KeyNames, max_memory_ratio: float) -> ServerReport:
    """Do one round of the bot's work, and assess the server. An error of Redis is part of the report."""
    redis = connect_to_redis(url, names)
    try:
        return await _check_connected_server(redis, max_memory_ratio)
    except QueueUnavailableError as error:
        return ServerReport("", errors=(str(error),))
    except (RedisError, OSError) as error:
        return ServerReport("", errors=(describe_redis_error(error),))
    finally:
        await redis.aclose()


async def _check_connected_server(redis: QueueRedis, max_memory_ratio: float) -> ServerReport:
    for name in list_scripts():
        await redis.script_load(load_script(name))
    key, value = redis.names.draft_key(f"check-{secrets.token_hex(8)}"), secrets.token_bytes(8)
    await redis.set(key, value, px=CHECK_TTL_MS)
    read = await redis.get(key)
    await redis.delete(key)
    if read != value:
        return NOT_READ_AGAIN
    error = find_format_error(cast("bytes | None", await redis.get(redis.names.format)))
    if error:
        return ServerReport("", errors=(error,))
    await check_permissions(redis)
    return assess_server(await redis.info(), max_memory_ratio)
