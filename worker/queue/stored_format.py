"""Checking the format of what is stored in Redis, when the worker starts."""

import logging
import time
from typing import Final, cast

import redis
from redis.exceptions import RedisError

from shared.queue.connection_errors import describe_redis_error
from shared.queue.keys import FORMAT_KEY
from shared.stored_format import choose_format
from worker.ports import QueueUnavailableError
from worker.queue.connection import translate_redis_errors

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 2.0


def check_redis_format(client: redis.Redis) -> None:
    """Check that this release reads what is stored, and store its own format if that is newer.

    Raises `UnsupportedFormatError` and `QueueUnavailableError`.
    """
    with translate_redis_errors():
        stored = cast("bytes | None", client.get(FORMAT_KEY))
    text = None if stored is None else stored.decode(errors="replace")
    chosen = str(choose_format(text, "Redis"))
    if chosen == text:
        return
    try:
        client.set(FORMAT_KEY, chosen)
    except RedisError as error:
        log.warning(
            "the format %s could not be stored in Redis; the next start tries again: %s",
            chosen,
            describe_redis_error(error),
        )


def wait_for_redis_format(client: redis.Redis) -> None:
    """Wait until Redis can be read, and check its format. Raises `UnsupportedFormatError`."""
    is_logged = False
    while True:
        try:
            check_redis_format(client)
        except QueueUnavailableError as error:
            if not is_logged:
                log.warning("the worker waits for Redis to start: %s", error)
            is_logged = True
            time.sleep(RETRY_SECONDS)
        else:
            return
