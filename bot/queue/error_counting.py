"""Counting the connections to Redis, and the errors there: every command, script and pipeline goes through one."""

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from shared.queue.error_kinds import count_error


def count_redis_errors(client: Redis, count: Callable[[str], None]) -> None:
    """Call `count` with the kind of each error from now on: of each connection, and of each reply."""
    pool = client.connection_pool
    pool.connection_class = build_counting_class(pool.connection_class, count)


def build_counting_class(
    connection_class: type[AbstractConnection], count: Callable[[str], None]
) -> type[AbstractConnection]:
    """Build a kind of connection that counts its errors, and is otherwise like this one.

    While a connection is made, redis-py asks for more than every server knows: only the failure as a whole is one.
    """
    connecting: WeakSet[AbstractConnection] = WeakSet()

    async def connect_check_health(self: AbstractConnection, *arguments: Any, **options: Any) -> None:
        connecting.add(self)
        try:
            await connection_class.connect_check_health(self, *arguments, **options)
        except RedisError as error:
            count_error(error, count)
            raise
        finally:
            connecting.discard(self)

    async def read_response(self: AbstractConnection, *arguments: Any, **options: Any) -> Any:
        try:
            return await connection_class.read_response(self, *arguments, **options)
        except RedisError as error:
            if self not in connecting:
                count_error(error, count)
            raise

    members = {"connect_check_health": connect_check_health, "read_response": read_response}
    return type(f"Counting{connection_class.__name__}", (connection_class,), members)


def count_connections(client: Redis) -> tuple[int, int]:
    """Count the connections of a client's pool that are in use, and the idle ones."""
    pool = client.connection_pool
    return len(pool._in_use_connections), len(pool._available_connections)  # noqa: SLF001 - redis-py tells neither
