"""The worker's connection to Redis, and how its failures reach the tasks."""

import contextlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import redis
from redis.backoff import ExponentialBackoff
from redis.connection import PythonRespSerializer
from redis.exceptions import RedisError
from redis.retry import Retry

from shared.addresses.redis import Transport, parse_redis_address
from shared.queue.connection_errors import describe_redis_error
from shared.queue.keys import DEFAULT_KEYS, KeyNames
from shared.queue.redis_options import COMMAND_RETRIES, build_connection_options
from shared.queue.refusals import is_read_only
from worker.ports import QueueUnavailableError

BUFFER_CUTOFF_BYTES: Final = 6000
"""Arguments longer than this are sent as they are, instead of being copied into the buffer of their command."""


CONNECTION_CLASSES: Final[Mapping[Transport, type[redis.Connection | redis.UnixDomainSocketConnection]]] = (
    MappingProxyType({"tcp": redis.Connection, "tls": redis.SSLConnection, "unix": redis.UnixDomainSocketConnection})
)


class QueueRedis(redis.Redis):
    """A client of the Redis that holds the queue, with the names of the keys there."""

    def __init__(self, pool: redis.ConnectionPool, names: KeyNames) -> None:
        super().__init__(connection_pool=pool)
        self.auto_close_connection_pool = True
        self.names = names


def connect_to_redis(url: str, names: KeyNames = DEFAULT_KEYS) -> QueueRedis:
    """Open a pool on `REDIS_URL`, whose commands have a timeout and few retries. Raises `InvalidAddressError`."""
    address = parse_redis_address(url)
    retry = Retry(ExponentialBackoff(cap=1, base=0.05), retries=COMMAND_RETRIES)
    connection_class = CONNECTION_CLASSES[address.transport]
    pool = redis.ConnectionPool(connection_class=connection_class, retry=retry, **build_connection_options(address))
    client = QueueRedis(pool, names)
    serializer = PythonRespSerializer(BUFFER_CUTOFF_BYTES, client.get_encoder().encode)  # hiredis's copies each picture
    client.connection_pool.connection_kwargs["command_packer"] = serializer
    return client


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
