"""The worker's connection to Redis, and how its failures reach the tasks."""

import contextlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

import redis
from redis.backoff import ExponentialBackoff
from redis.connection import PythonRespSerializer
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MovedError, RedisError
from redis.retry import Retry
from redis.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

from shared.addresses.redis import RedisAddress, Transport, parse_redis_address
from shared.errors import PentimentoError
from shared.queue.connection_errors import describe_redis_error
from shared.queue.keys import DEFAULT_KEYS, KeyNames
from shared.queue.redis_options import COMMAND_RETRIES, build_connection_options, build_sentinel_options
from shared.queue.refusals import is_read_only
from worker.ports import QueueUnavailableError

BUFFER_CUTOFF_BYTES: Final = 6000
"""Arguments longer than this are sent as they are, instead of being copied into the buffer of their command."""


class SlotMovedError(PentimentoError, RedisConnectionError):
    """Another node of the cluster holds the keys now; the connection leads there when it is used again."""


class FollowingConnection(redis.Connection):
    """A connection that follows a cluster's keys to the node that holds them, as after a failover.

    If that node cannot be reached, it begins again at the host of its address.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._origin = self.host, self.port

    def connect(self) -> None:
        """Connect to the node that was named last, or to that of the address. Raises `redis.RedisError`."""
        try:
            super().connect()  # type: ignore[no-untyped-call]
        except RedisError:
            if (self.host, self.port) == self._origin:
                raise
            self.host, self.port = self._origin
            super().connect()  # type: ignore[no-untyped-call]

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        """Read a reply. Raises `SlotMovedError` if another node would have to answer, and other errors of Redis."""
        try:
            return super().read_response(*arguments, **options)
        except MovedError as error:
            self.disconnect()  # type: ignore[no-untyped-call]
            self.host, self.port = error.host or self.host, error.port
            raise SlotMovedError("another node of the cluster holds the keys") from error


class FollowingSSLConnection(FollowingConnection, redis.SSLConnection):
    """The same with TLS."""


CONNECTION_CLASSES: Final[Mapping[Transport, type[redis.Connection | redis.UnixDomainSocketConnection]]] = (
    MappingProxyType(
        {"tcp": FollowingConnection, "tls": FollowingSSLConnection, "unix": redis.UnixDomainSocketConnection}
    )
)
SENTINEL_CLASSES: Final[Mapping[Transport, type[SentinelManagedConnection]]] = MappingProxyType(
    {"tcp": SentinelManagedConnection, "tls": SentinelManagedSSLConnection}
)


class QueueRedis(redis.Redis):
    """A client of the Redis that holds the queue, with the names of the keys there."""

    def __init__(self, pool: redis.ConnectionPool, names: KeyNames) -> None:
        super().__init__(connection_pool=pool)
        self.auto_close_connection_pool = True
        self.names = names


def connect_to_redis(url: str, names: KeyNames = DEFAULT_KEYS) -> QueueRedis:
    """Open a pool on `REDIS_URL`, whose commands have a timeout and few retries. Raises `InvalidAddressError`."""
    client = QueueRedis(open_pool(parse_redis_address(url)), names)
    serializer = PythonRespSerializer(BUFFER_CUTOFF_BYTES, client.get_encoder().encode)  # hiredis's copies each picture
    client.connection_pool.connection_kwargs["command_packer"] = serializer
    return client


def get_connection_class(address: RedisAddress) -> type[redis.Connection | redis.UnixDomainSocketConnection]:
    """Return the class of connections to this address."""
    return SENTINEL_CLASSES[address.transport] if address.sentinel else CONNECTION_CLASSES[address.transport]


def open_pool(address: RedisAddress, **options: Any) -> redis.ConnectionPool:
    """Open a pool of connections to this address, with few retries. The options add to its own, or replace them."""
    options = {
        "connection_class": get_connection_class(address),
        "retry": Retry(ExponentialBackoff(cap=1, base=0.05), retries=COMMAND_RETRIES),
        **build_connection_options(address),
        **options,
    }
    if address.sentinel is None:
        return redis.ConnectionPool(**options)
    open_sentinels: Any = Sentinel  # redis-py does not type these two
    open_sentinel_pool: Any = SentinelConnectionPool
    sentinels = open_sentinels(address.sentinel.hosts, sentinel_kwargs=build_sentinel_options(address.sentinel))
    return cast("redis.ConnectionPool", open_sentinel_pool(address.sentinel.service, sentinels, **options))


@contextlib.contextmanager
def translate_redis_errors() -> Iterator[None]:
    """Turn every error of Redis into `QueueUnavailableError`."""
    try:
        yield
    except RedisError as error:
        raise QueueUnavailableError(describe_redis_error(error)) from error


@contextlib.contextmanager
def reconnect_after_failover(client: redis.Redis) -> Iterator[None]:
    """Drop the connections to a server that has become a replica: its name may lead to the new primary by now."""
    try:
        yield
    except RedisError as error:
        if is_read_only(error):
            client.connection_pool.disconnect(inuse_connections=False)
        raise
