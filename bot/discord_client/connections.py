"""Connections to Discord that break within seconds when nothing comes back, and are tried again within minutes.

Linux itself gives up after 15 minutes, or after 2 hours when nothing is being sent; discord.py closes a silent gateway
after 60 to 130 s, and waits for up to 17 minutes before it connects again after a long outage.
"""

import socket
import sys
from typing import Any, Final

import aiohttp
import discord.shard
from discord.backoff import ExponentialBackoff

PROBE_AFTER_SECONDS: Final = 15
"""After so long without a byte the kernel asks the other end for a sign of life."""

UNACKNOWLEDGED_SECONDS: Final = 20
"""A connection breaks when data or a probe has not been acknowledged for so long."""

MAX_BACKOFF_EXPONENT: Final = 8
"""The longest delay is 256 s, and half of that on average: 675 in a day. Discord permits 1,000 sessions a day, and
resets the token of a bot that starts more. https://discord.com/developers/docs/events/gateway#session-start-limit"""


class BoundedBackoff(ExponentialBackoff[Any]):
    """discord.py's delays between attempts to connect, the longest of which is bounded."""

    def __init__(self) -> None:
        super().__init__()
        self._max = MAX_BACKOFF_EXPONENT


def limit_reconnection_delays() -> None:
    """Let the shards that are created from now on wait no longer than `MAX_BACKOFF_EXPONENT` says."""
    vars(discord.shard)["ExponentialBackoff"] = BoundedBackoff


def open_connector() -> aiohttp.TCPConnector:
    """Open the connector of discord.py's requests and gateways. There has to be a running event loop."""
    return aiohttp.TCPConnector(limit=0, socket_factory=_create_socket)


def _create_socket(address: tuple[Any, ...]) -> socket.socket:
    """Create a socket for an address from `getaddrinfo`.

    https://man7.org/linux/man-pages/man7/tcp.7.html
    """
    family, kind, protocol, _, _ = address
    created = socket.socket(family, kind, protocol)
    created.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":
        created.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PROBE_AFTER_SECONDS)
        created.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
        created.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_SECONDS * 1000)
    return created
