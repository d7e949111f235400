"""The bot's connection to Redis, and how its failures reach the user."""

import contextlib
import logging
from collections.abc import Iterator

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from shared.problems import RejectedError, make_problem
from shared.queue.redis_options import COMMAND_RETRIES, CONNECTION_OPTIONS

log = logging.getLogger(__name__)


def connect_to_redis(url: str) -> Redis:
    """Open a pool on `REDIS_URL` (redis://, rediss:// or unix://), whose commands have a timeout and few retries."""
    retry = Retry(ExponentialBackoff(cap=1, base=0.05), retries=COMMAND_RETRIES)
    return Redis.from_url(url, **CONNECTION_OPTIONS, retry=retry)


@contextlib.contextmanager
def translate_redis_errors() -> Iterator[None]:
    """Turn every error of Redis into `RejectedError` (queue_unavailable)."""
    try:
        yield
    except RedisError as error:
        log.warning("Redis did not answer (%r)", error)
        raise RejectedError(make_problem("queue_unavailable")) from error
