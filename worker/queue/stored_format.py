"""Checking the format of the data in Redis, when the worker starts."""

import logging
from typing import cast

from redis.exceptions import RedisError

from shared.queue.connection_errors import describe_redis_error
from shared.stored_format import choose_format
from worker.queue.connection import QueueRedis, translate_redis_errors

log = logging.getLogger(__name__)


def check_redis_format(client: QueueRedis) -> None:
    """Check that this release reads the stored data, and store its own format if that is newer.

    Raises `UnsupportedFormatError` and `QueueUnavailableError`.
    """
    with translate_redis_errors():
        stored = cast("bytes | None", client.get(client.names.format))
    text = None if stored is None else stored.decode(errors="replace")
    chosen = str(choose_format(text, "Redis"))
    if chosen == text:
        return
    try:
        client.set(client.names.format, chosen)
    except RedisError as error:
        log.warning(
            "the format %s could not be stored in Redis; the next start tries again: %s",
            chosen,
            describe_redis_error(error),
        )
