"""The bot's connection to Redis, and how its failures reach the user."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from redis.asyncio import Connection, ConnectionPool, Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MovedError, RedisError

from bot.domain.errors import QueueUnavailableError
from shared.addresses.redis import RedisAddress, Transport, parse_redis_address
from shared.outage_log import OutageLog
from shared.problems import RejectedError, make_problem
from shared.queue.connection_errors import describe_redis_error
from shared.queue.keys import DEFAULT_KEYS, KeyNames
from shared.queue.redis_options import COMMAND_RETRIES, build_connection_options, build_sentinel_options
from shared.queue.refusals import find_refusal

log = logging.getLogger(__name__)


class FollowingConnection(Connection):
    """A connection that follows a cluster's keys to the node that holds them, as after a failover.

    If that node cannot be reached, it begins again at the host of its address.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._origin = self.host, self.port

    async def connect(self) -> None:
        """Connect to the node that was named last, or to that of the address. Raises `redis.RedisError`."""
        try:
            await super().connect()  # type: ignore[no-untyped-call]
        except RedisError:
            if (self.host, self.port) == self._origin:
                raise
            self.host, self.port = self._origin
            await super().connect()  # type: ignore[no-untyped-call]

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        """Read a reply. Raises `redis.ConnectionError` if another node would have to answer, and other errors."""
        try:
            return await super().read_response(*arguments, **options)
        except MovedError as error:
            await self.disconnect()
            self.host, self.port = error.host or self.host, error.port
            raise RedisConnectionError("another node of the cluster holds the keys") from error


class FollowingSSLConnection(FollowingConnection, SSLConnection):
    """The same with TLS."""


_CONNECTION_CLASSES: Final[Mapping[Transport, type[AbstractConnection]]] = MappingProxyType(
    {"tcp": FollowingConnection, "tls": FollowingSSLConnection, "unix": UnixDomainSocketConnection}
)
_SENTINEL_CLASSES: Final[Mapping[Transport, type[AbstractConnection]]] = MappingProxyType(
    {"tcp": SentinelManagedConnection, "tls": SentinelManagedSSLConnection}
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
    return QueueRedis(_open_pool(parse_redis_address(url)), names)


def _open_pool(address: RedisAddress) -> ConnectionPool:
    retry = Retry(ExponentialBackoff(cap=1, base=0.05), retries=COMMAND_RETRIES)
    options = build_connection_options(address)
    if address.sentinel is None:
        return ConnectionPool(connection_class=_CONNECTION_CLASSES[address.transport], retry=retry, **options)
    open_sentinels: Any = Sentinel  # redis-py does not type these two
    open_sentinel_pool: Any = SentinelConnectionPool
    sentinels = open_sentinels(address.sentinel.hosts, sentinel_kwargs=build_sentinel_options(address.sentinel))
    options |= {"connection_class": _SENTINEL_CLASSES[address.transport], "retry": retry}
    return cast("ConnectionPool", open_sentinel_pool(address.sentinel.service, sentinels, **options))


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
