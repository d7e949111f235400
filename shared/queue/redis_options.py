"""Options of every connection to Redis, for the bot, for the workers and for Celery: each command has a deadline."""

from types import MappingProxyType
from typing import Any, Final

from shared.addresses.redis import RedisAddress, SentinelAddress

CONNECTION_OPTIONS: Final[MappingProxyType[str, Any]] = MappingProxyType(
    {"socket_timeout": 10, "health_check_interval": 15}
)
"""Keyword arguments of redis-py's connections, in seconds. https://redis.readthedocs.io/en/stable/connections.html"""

NETWORK_OPTIONS: Final[MappingProxyType[str, Any]] = MappingProxyType(
    {"socket_connect_timeout": 3, "socket_keepalive": True}
)
"""Those that a connection over a Unix socket does not have."""

COMMAND_RETRIES: Final = 2
"""How often a command is sent again when the connection breaks. A script may therefore run twice."""


def build_connection_options(address: RedisAddress) -> dict[str, Any]:
    """Build the keyword arguments of a connection to this address. They hold its password."""
    network_options = {} if address.transport == "unix" else NETWORK_OPTIONS
    return {**CONNECTION_OPTIONS, **network_options, **address.options}


def build_sentinel_options(sentinel: SentinelAddress) -> dict[str, Any]:
    """Build the keyword arguments of a connection to a Sentinel, which answers at once or not at all."""
    return {**NETWORK_OPTIONS, "socket_connect_timeout": 1, "socket_timeout": 1, **sentinel.options}
