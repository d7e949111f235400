"""Options of every connection to Redis, for the bot and for the workers: each command has a deadline."""

from types import MappingProxyType
from typing import Any, Final

CONNECTION_OPTIONS: Final[MappingProxyType[str, Any]] = MappingProxyType(
    {"socket_connect_timeout": 3, "socket_timeout": 10, "socket_keepalive": True, "health_check_interval": 15}
)
"""Keyword arguments of a pool's connections, in seconds. https://redis.readthedocs.io/en/stable/connections.html"""

COMMAND_RETRIES: Final = 2
"""How often a command is sent again when the connection breaks. A script may therefore run twice."""
