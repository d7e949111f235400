"""The gateway: one websocket a shard, sessions that outlive their connections, and misbehaviour on request.

https://discord.com/developers/docs/events/gateway
https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway
"""

import asyncio
import contextlib
import json
import time
import zlib
from typing import Any

from aiohttp import WSMsgType, web

from demo.discord.events import KNOWN_INTENTS, PRIVILEGED, Intent
from demo.discord.gateway_session import Session
from demo.discord.guild import Guild
from demo.discord.permissions import Permission
from demo.discord.world import World

HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 1, 2, 6, 7, 9, 10, 11
HARMLESS = (3, 4, 8, 31)
"""Presence, voice state, guild members and soundboard requests: taken, and left without effect."""
UNKNOWN_OP, BAD_PAYLOAD, NOT_IDENTIFIED, BAD_TOKEN, TWICE, BAD_SEQUENCE = 4001, 4002, 4003, 4004, 4005, 4007
TOO_FAST, TIMED_OUT, BAD_SHARD, BAD_VERSION, BAD_INTENTS, FORBIDDEN_INTENTS = 4008, 4009, 4010, 4012, 4013, 4014
PAYLOAD_LIMIT, SENDS, SENDS_WINDOW, IDENTIFY_WINDOW = 4096, 120, 60.0, 5.0
MAX_CONCURRENCY = 16
"""Identifies allowed in 5 s, as a larger bot has it: a test restarts its bot more often than an operator."""


class Gateway:
    """All sessions and connections of the bot."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        self.duplicates = 0
        self._identified: list[float] = []
        world.events.subscribe_gateway(self.tell)

    def tell(self, name: str, data: dict[str, Any], intents: int, guild_id: str | None) -> None:
        """Dispatch an event to the sessions that want it."""
        times = 1
        if name == "INTERACTION_CREATE" and self.duplicates:
            self.duplicates -= 1
            times = 2
        for session in self.sessions.values():
            if session.wants(intents, guild_id):
                for _ in range(times):
                    session.dispatch(name, data)

    def may_identify(self) -> bool:
        """Count an identify against max_concurrency in 5 s."""
        now = time.monotonic()
        self._identified = [at for at in self._identified if at > now - IDENTIFY_WINDOW] + [now]
        return len(self._identified) <= MAX_CONCURRENCY

    def misbehave(self, op: str) -> None:
        """Do to all connections what a test asks; raises ValueError for what is unknown."""
        name, _, figure = op.partition(":")
        if name == "duplicate_interactions":
            self.duplicates += int(figure)
            return
        for connection in list(self.connections):
            connection.misbehave(name, figure)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket connection."""
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(self, socket, compressed=request.query.get("compress") == "zlib-stream")
        self.connections.append(connection)
        try:
            if request.query.get("v", "10") not in ("9", "10"):
                await socket.close(code=BAD_VERSION, message=b"Invalid API version")
            else:
                await connection.serve()
        finally:
            self.connections.remove(connection)
        return socket

    async def close(self) -> None:
        """Close all connections: the service is going down."""
        for connection in list(self.connections):
            await connection.close(1001)


class Connection:
    """One websocket: a reader here, and a writer task that compresses and keeps the order."""

    def __init__(self, gateway: Gateway, socket: web.WebSocketResponse, *, compressed: bool) -> None:
        self.gateway = gateway
        self.socket = socket
        self.session: Session | None = None
        self._compress = zlib.compressobj() if compressed else None
        self._outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._silent_until = 0.0
        self._closed_with: int | None = None
        self._received: list[float] = []

    def send(self, payload: dict[str, Any]) -> None:
        """Queue a payload for sending."""
        self._outbox.put_nowait(payload)

    async def serve(self) -> None:
        """Greet, then read until the connection ends."""
        interval = self.gateway.world.settings.heartbeat_seconds
        writer = asyncio.create_task(self._write())
        self.send({"op": HELLO, "d": {"heartbeat_interval": int(interval * 1000), "_trace": []}, "s": None, "t": None})
        try:
            while True:
                message = await self.socket.receive(timeout=interval * 1.5)
                if message.type is not WSMsgType.TEXT and message.type is not WSMsgType.BINARY:
                    break
                if code := self._read(message.data):
                    await self.close(code)
                    break
        except TimeoutError:
            await self.close(TIMED_OUT)
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
            self._leave()

    async def _write(self) -> None:
        while True:
            payload = await self._outbox.get()
            await asyncio.sleep(max(self._silent_until - time.monotonic(), 0))
            text = json.dumps(payload, separators=(",", ":"))
            with contextlib.suppress(ConnectionError):
                if self._compress:
                    data = self._compress.compress(text.encode()) + self._compress.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(data)
                else:
                    await self.socket.send_str(text)

    async def close(self, code: int) -> None:
        """Close the connection from this side; the session can be resumed unless the code says that it is over."""
        self._closed_with = code
        await self.socket.close(code=code)

    def _leave(self) -> None:
        """Part from the session; a close with 1000 or 1001 by the client ends it."""
        if self.session and self.session.wire is self:
            self.session.wire = None
            by_client = self._closed_with is None and self.socket.close_code in (1000, 1001)
            if by_client or self._closed_with in (BAD_SEQUENCE, TIMED_OUT):
                self.gateway.sessions.pop(self.session.id, None)

    def _read(self, raw: str | bytes) -> int | None:
        """Carry out one payload; return the code to close the connection with, if it is wrong."""
        now = time.monotonic()
        self._received = [at for at in self._received if at > now - SENDS_WINDOW] + [now]
        if len(self._received) > SENDS:
            return TOO_FAST
        try:
            payload = json.loads(raw)
            op, data = payload["op"], payload.get("d")
        except (ValueError, KeyError, TypeError, AttributeError):
            return BAD_PAYLOAD
        if len(raw) > PAYLOAD_LIMIT:
            return BAD_PAYLOAD
        return self._carry_out(op, data)

    def _carry_out(self, op: Any, data: Any) -> int | None:
        if op == HEARTBEAT:
            self.send({"op": ACK, "d": None, "s": None, "t": None})
            return None
        if op in (IDENTIFY, RESUME):
            return self._begin(op, data)
        if self.session is None:
            return NOT_IDENTIFIED
        return None if op in HARMLESS else UNKNOWN_OP

    def _begin(self, op: int, data: Any) -> int | None:
        """Identify or resume."""
        token = self.gateway.world.settings.token
        if self.session:
            return TWICE
        if not isinstance(data, dict):
            return BAD_PAYLOAD
        if data.get("token") not in (token, f"Bot {token}"):
            return BAD_TOKEN
        return self._identify(data) if op == IDENTIFY else self._resume(data)

    def _identify(self, data: dict[str, Any]) -> int | None:
        intents, shard = data.get("intents"), data.get("shard") or [0, 1]
        if not isinstance(data.get("properties"), dict):
            return BAD_PAYLOAD
        if not isinstance(intents, int) or intents & ~KNOWN_INTENTS:
            return BAD_INTENTS
        if intents & PRIVILEGED:
            return FORBIDDEN_INTENTS
        if len(shard) != 2 or not 0 <= shard[0] < shard[1]:  # noqa: PLR2004 - [shard_id, num_shards]
            return BAD_SHARD
        if not self.gateway.may_identify():
            self._invalidate(resumable=False)
            return None
        self.session = session = Session(intents, (shard[0], shard[1]))
        session.wire = self
        self.gateway.sessions[session.id] = session
        self._ready(session)
        return None

    def _ready(self, session: Session) -> None:
        world = self.gateway.world
        mine = [guild for guild in world.guilds.values() if guild.bot_present and session.wants(0, guild.id)]
        ready = {
            "v": 10,
            "user": world.bot.private_json(),
            "guilds": [{"id": guild.id, "unavailable": True} for guild in mine],
            "session_id": session.id,
            "resume_gateway_url": world.gateway_url,
            "shard": list(session.shard),
            "application": {"id": world.application_id, "flags": 0},
            "session_type": "normal",
            "private_channels": [],
            "presences": [],
            "relationships": [],
            "user_settings": {},
            "_trace": [],
        }
        session.dispatch("READY", ready)
        for guild in mine if session.intents & Intent.GUILDS else ():
            session.dispatch("GUILD_CREATE", guild_create(world, guild))

    def _resume(self, data: dict[str, Any]) -> int | None:
        if not isinstance(data.get("seq"), int):
            return BAD_PAYLOAD
        session = self.gateway.sessions.get(str(data.get("session_id")))
        if session is None:
            self._invalidate(resumable=False)
            return None
        missed = session.missed_since(data["seq"])
        if missed is None:
            return BAD_SEQUENCE
        self.session, session.wire = session, self
        for payload in missed:
            self.send(payload)
        session.dispatch("RESUMED", {"_trace": []})
        return None

    def _invalidate(self, *, resumable: bool) -> None:
        if self.session and not resumable:
            self.gateway.sessions.pop(self.session.id, None)
            self.session.wire = None
            self.session = None
        self.send({"op": INVALID, "d": resumable, "s": None, "t": None})

    def misbehave(self, name: str, figure: str) -> None:
        """Do one of the misdeeds that a test can ask for."""
        if name == "reconnect":
            self.send({"op": RECONNECT, "d": None, "s": None, "t": None})
        elif name in ("invalid_session", "invalid_session_resumable"):
            self._invalidate(resumable=name.endswith("resumable"))
        elif name == "close":
            task = asyncio.create_task(self.close(int(figure)))
            task.add_done_callback(lambda _: None)
        elif name == "silence":
            self._silent_until = time.monotonic() + float(figure)
        else:
            raise ValueError(f"unknown op {name!r}")


def guild_create(world: World, guild: Guild) -> dict[str, Any]:
    """Return the GUILD_CREATE event: the channels there are and the active threads the bot can see."""
    places = [c for c in world.channels.values() if c.guild_id == guild.id]
    channels = [c.json() for c in places if not c.is_thread]
    threads = [
        c.json(world.bot.id)
        for c in places
        if c.is_thread and not c.archived and world.permissions(c, world.bot.id) & Permission.VIEW_CHANNEL
    ]
    return guild.create_json(world.bot.id, channels, threads, world.started_at)
