"""The bot's connection to Redis, and how its failures reach the user."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from redis.asyncio import Connection, ConnectionPool, Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from bot.domain.errors import QueueUnavailableError
from shared.addresses.redis import Transport, parse_redis_address
from shared.outage_log import OutageLog
from shared.problems import RejectedError, make_problem
from shared.queue.connection_errors import describe_redis_error
from shared.queue.keys import DEFAULT_KEYS, KeyNames
from shared.queue.redis_options import COMMAND_RETRIES, build_connection_options
from shared.queue.refusals import find_refusal

log = logging.getLogger(__name__)

_CONNECTION_CLASSES: Final[Mapping[Transport, type[AbstractConnection]]] = MappingProxyType(
    {"tcp": Connection, "tls": SSLConnection, "unix": UnixDomainSocketConnection}
)

_failures = OutageLog(log)


class QueueRedis(Redis):
    """A client of the Redis that holds the queue, with the names of the keys there."""

    def __init__(self, pool: ConnectionPool, names: KeyNames) -> None:
        super().__init__(connection_pool=pool)
        self.auto_close_connection_pool = True
        self.names = names


def connect_to_redis(url: str, names: KeyNames = DEFAULT_KEYS) -> QueueRedis:
    """Open a pool on `REDIS_URL`, whose commands have a timeout and few retries. Raises `InvalidAddressError`."""
    address = parse_redis_address(url)
    retry = Retry(ExponentialBackoff(cap=1, base=0.05), retries=COMMAND_RETRIES)
    connection_class = _CONNECTION_CLASSES[address.transport]
    pool = ConnectionPool(connection_class=connection_class, retry=retry, **build_connection_options(address))
    return QueueRedis(pool, names)


@contextlib.contextmanager
def translate_redis_errors() -> Iterator[None]:
    """Turn every error of Redis into `RejectedError` (queue_unavailable), for what a user has asked for."""
    try:
        yield
    except RedisError as error:
        _failures.report_failure(describe_redis_error(error))
        raise RejectedError(make_problem("queue_unavailable")) from error


@contextlib.contextmanager
def raise_queue_unavailable() -> Iterator[None]:
    """Turn every error of Redis into `QueueUnavailableError`, for what the bot does by itself."""
    try:
        yield
    except RedisError as error:
        raise QueueUnavailableError(describe_redis_error(error), is_refusal=find_refusal(error) is not None) from error
