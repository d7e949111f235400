"""Waiting for Redis when the worker starts."""

import logging
import time
from contextlib import suppress
from typing import Final

from redis.exceptions import ResponseError

from shared.queue.server_mode import require_suitable_mode
from worker.ports import QueueUnavailableError
from worker.queue.connection import QueueRedis, translate_redis_errors
from worker.queue.permissions import check_permissions
from worker.queue.stored_format import check_redis_format

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 2.0


def wait_for_redis(client: QueueRedis) -> None:
    """Wait until Redis can be read and its ACL denies no command of the scripts; check its kind and the format.

    Raises `UnsupportedServerError` and `UnsupportedFormatError`.
    """
    is_logged = False
    while True:
        try:
            with translate_redis_errors(), suppress(ResponseError):
                require_suitable_mode(client.info("server"), client.names)
            check_redis_format(client)
            check_permissions(client)
        except QueueUnavailableError as error:
            if not is_logged:
                log.warning("the worker waits for Redis to start: %s", error)
            is_logged = True
            time.sleep(RETRY_SECONDS)
        else:
            return
