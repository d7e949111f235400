"""The gateway: one websocket per shard, sessions that outlive their connections, and faults on request.

https://discord.com/developers/docs/events/gateway
"""

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from aiohttp import web

from demo.standins.discord.gateway_connection import INVALID_API_VERSION, Connection
from demo.standins.discord.state import DiscordState

if TYPE_CHECKING:
    from demo.standins.discord.gateway_session import GatewaySession

IDENTIFY_WINDOW = 5.0


class Gateway:
    """All sessions and connections of the bot."""

    def __init__(self, state: DiscordState) -> None:
        self.state = state
        self.sessions: dict[str, GatewaySession] = {}
        self.connections: list[Connection] = []
        self.duplicates_left = 0
        self.rejected_identifies = 0
        self._identify_times: list[tuple[float, int | None]] = []
        state.events.subscribe_gateway(self.dispatch_event)

    def dispatch_event(self, name: str, data: dict[str, Any], intents: int, guild_id: str | None) -> None:
        """Dispatch an event to the sessions that are entitled to it."""
        times = 1
        if name == "INTERACTION_CREATE" and self.duplicates_left:
            self.duplicates_left -= 1
            times = 2
        for session in self.sessions.values():
            if session.accepts_event(intents, guild_id):
                for _ in range(times):
                    session.dispatch_event(name, data)

    def may_identify(self, shard_id: int, count: int) -> bool:
        """Count an identify; return False above the maximum concurrency in 5 s.

        Shards share it by their ids: https://discord.com/developers/docs/events/gateway#sharding-max-concurrency.
        A bot without shards has all of it, as no operator restarts it as often as tests do.
        """
        now, limit = time.monotonic(), self.state.settings.max_concurrency
        bucket = shard_id % limit if count > 1 else None
        self._identify_times = [(at, key) for at, key in self._identify_times if at > now - IDENTIFY_WINDOW]
        used = sum(key == bucket for _, key in self._identify_times)
        self._identify_times.append((now, bucket))
        is_allowed = used < (limit if bucket is None else 1)
        self.rejected_identifies += not is_allowed
        return is_allowed

    def requires_shards(self, count: int) -> bool:
        """Tell whether a shard of so many would have more guilds than Discord allows."""
        present = (guild for guild in self.state.guilds.values() if guild.is_bot_present)
        guilds = Counter((int(guild.id) >> 22) % count for guild in present)
        return max(guilds.values(), default=0) > self.state.settings.guilds_per_shard

    def inject_fault(self, command: str) -> None:
        """Inject a fault into all connections; raises ValueError for an unknown one."""
        name, _, argument = command.partition(":")
        if name == "duplicate_interactions":
            self.duplicates_left += int(argument)
            return
        for connection in list(self.connections):
            connection.inject_fault(name, argument)

    async def handle_connection(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket connection."""
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(self, socket, compressed=request.query.get("compress") == "zlib-stream")
        self.connections.append(connection)
        try:
            if request.query.get("v", "10") not in ("9", "10"):
                await socket.close(code=INVALID_API_VERSION, message=b"Invalid API version")
            else:
                await connection.serve()
        finally:
            self.connections.remove(connection)
        return socket

    async def close(self) -> None:
        """Close all connections at shutdown."""
        for connection in list(self.connections):
            await connection.close(1001)
