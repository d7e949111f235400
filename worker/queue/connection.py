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
from shared.queue.redis_options import COMMAND_RETRIES, build_connection_options
from worker.ports import QueueUnavailableError

BUFFER_CUTOFF_BYTES: Final = 6000
"""Arguments longer than this are sent as they are, instead of being copied into the buffer of their command."""


CONNECTION_CLASSES: Final[Mapping[Transport, type[redis.Connection | redis.UnixDomainSocketConnection]]] = (
    MappingProxyType({"tcp": redis.Connection, "tls": redis.SSLConnection, "unix": redis.UnixDomainSocketConnection})
)


def connect_to_redis(url: str) -> redis.Redis:
    """Open a pool on `REDIS_URL`, whose commands have a timeout and few retries. Raises `InvalidAddressError`."""
    address = parse_redis_address(url)
    retry = Retry(ExponentialBackoff(cap=1, base=0.05), retries=COMMAND_RETRIES)
    connection_class = CONNECTION_CLASSES[address.transport]
    pool = redis.ConnectionPool(connection_class=connection_class, retry=retry, **build_connection_options(address))
    client = redis.Redis.from_pool(pool)
    serializer = PythonRespSerializer(BUFFER_CUTOFF_BYTES, client.get_encoder().encode)  # hiredis's copies each picture
    client.connection_pool.connection_kwargs["command_packer"] = serializer
    return client


@contextlib.contextmanager
def translate_redis_errors() -> Iterator[None]:
    """Turn every error of Redis into `QueueUnavailableError`."""
    try:
        yield
    except RedisError as error:
        raise QueueUnavailableError(f"Redis failed or did not answer ({type(error).__name__}: {error})") from error
