"""One gateway connection: identify, resume, heartbeats, close codes, and faults on request.

https://discord.com/developers/docs/events/gateway
https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway
"""

import asyncio
import contextlib
import json
import time
import zlib
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from demo.standins.discord.event_dispatcher import KNOWN_INTENTS, PRIVILEGED_INTENTS, Intent
from demo.standins.discord.gateway_session import GatewaySession
from demo.standins.discord.guild import Guild
from demo.standins.discord.permissions import Permission
from demo.standins.discord.state import DiscordState

if TYPE_CHECKING:
    from demo.standins.discord.gateway import Gateway

HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 1, 2, 6, 7, 9, 10, 11
IGNORED_OPS = (3, 4, 8, 31)
"""Presence, voice state, guild members and soundboard requests: accepted and ignored."""
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED, ALREADY_AUTHENTICATED, INVALID_SEQ = (
    4001,
    4002,
    4003,
    4004,
    4005,
    4007,
)
RATE_LIMITED, SESSION_TIMED_OUT, INVALID_SHARD, SHARDING_REQUIRED = 4008, 4009, 4010, 4011
INVALID_API_VERSION, INVALID_INTENTS, DISALLOWED_INTENTS = (
    4012,
    4013,
    4014,
)
PAYLOAD_LIMIT, MAX_SENDS, SENDS_WINDOW = 4096, 120, 60.0


class Connection:
    """One websocket: `serve` reads, a writer task compresses and sends in order."""

    def __init__(self, gateway: "Gateway", socket: web.WebSocketResponse, *, compressed: bool) -> None:
        self.gateway = gateway
        self.socket = socket
        self.session: GatewaySession | None = None
        self._compress = zlib.compressobj() if compressed else None
        self._outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._silent_until = 0.0
        self._close_code: int | None = None
        self._receive_times: list[float] = []

    def send(self, payload: dict[str, Any]) -> None:
        """Queue a payload for sending."""
        self._outbox.put_nowait(payload)

    async def serve(self) -> None:
        """Send HELLO, then read until the connection ends."""
        interval = self.gateway.state.settings.heartbeat_seconds
        writer = asyncio.create_task(self._write_payloads())
        self.send({"op": HELLO, "d": {"heartbeat_interval": int(interval * 1000), "_trace": []}, "s": None, "t": None})
        try:
            while True:
                message = await self.socket.receive(timeout=interval * 1.5)
                if message.type is not WSMsgType.TEXT and message.type is not WSMsgType.BINARY:
                    break
                if code := self._handle_payload(message.data):
                    await self.close(code)
                    break
        except TimeoutError:
            await self.close(SESSION_TIMED_OUT)
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
            self._detach_session()

    async def _write_payloads(self) -> None:
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
        """Close the connection; the session can be resumed unless the close code forbids it."""
        self._close_code = code
        await self.socket.close(code=code)

    def _detach_session(self) -> None:
        """Detach the session; it ends if the client closed with 1000 or 1001."""
        if self.session and self.session.connection is self:
            self.session.connection = None
            by_client = self._close_code is None and self.socket.close_code in (1000, 1001)
            if by_client or self._close_code in (INVALID_SEQ, SESSION_TIMED_OUT):
                self.gateway.sessions.pop(self.session.id, None)

    def _handle_payload(self, raw: str | bytes) -> int | None:
        """Handle one payload; return a close code if it is invalid."""
        now = time.monotonic()
        self._receive_times = [at for at in self._receive_times if at > now - SENDS_WINDOW] + [now]
        if len(self._receive_times) > MAX_SENDS:
            return RATE_LIMITED
        try:
            payload = json.loads(raw)
            op, data = payload["op"], payload.get("d")
        except (ValueError, KeyError, TypeError, AttributeError):
            return DECODE_ERROR
        if len(raw) > PAYLOAD_LIMIT:
            return DECODE_ERROR
        return self._handle_opcode(op, data)

    def _handle_opcode(self, op: Any, data: Any) -> int | None:
        if op == HEARTBEAT:
            self.send({"op": HEARTBEAT_ACK, "d": None, "s": None, "t": None})
            return None
        if op in (IDENTIFY, RESUME):
            return self._authenticate(op, data)
        if self.session is None:
            return NOT_AUTHENTICATED
        return None if op in IGNORED_OPS else UNKNOWN_OPCODE

    def _authenticate(self, op: int, data: Any) -> int | None:
        """Check the token, then identify or resume."""
        token = self.gateway.state.settings.token
        if self.session:
            return ALREADY_AUTHENTICATED
        if not isinstance(data, dict):
            return DECODE_ERROR
        if data.get("token") not in (token, f"Bot {token}"):
            return AUTHENTICATION_FAILED
        return self._identify(data) if op == IDENTIFY else self._resume(data)

    def _identify(self, data: dict[str, Any]) -> int | None:
        intents, shard = data.get("intents"), data.get("shard", [0, 1])
        if not isinstance(data.get("properties"), dict):
            return DECODE_ERROR
        if not isinstance(intents, int) or intents & ~KNOWN_INTENTS:
            return INVALID_INTENTS
        if intents & PRIVILEGED_INTENTS:
            return DISALLOWED_INTENTS
        if not _is_shard(shard) or self.gateway.requires_shards(shard[1]):
            return SHARDING_REQUIRED if _is_shard(shard) else INVALID_SHARD
        if not self.gateway.may_identify(*shard):
            self._send_invalid_session(resumable=False)
            return None
        self.session = session = GatewaySession(intents, (shard[0], shard[1]))
        session.connection = self
        self.gateway.sessions[session.id] = session
        self._send_ready(session)
        return None

    def _send_ready(self, session: GatewaySession) -> None:
        state = self.gateway.state
        guilds = [
            guild for guild in state.guilds.values() if guild.is_bot_present and session.accepts_event(0, guild.id)
        ]
        ready = {
            "v": 10,
            "user": state.bot.to_private_json(),
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": state.gateway_url,
            "shard": list(session.shard),
            "application": {"id": state.application_id, "flags": 0},
            "session_type": "normal",
            "private_channels": [],
            "presences": [],
            "relationships": [],
            "user_settings": {},
            "_trace": [],
        }
        session.dispatch_event("READY", ready)
        for guild in guilds if session.intents & Intent.GUILDS else ():
            session.dispatch_event("GUILD_CREATE", render_guild_create(state, guild))

    def _resume(self, data: dict[str, Any]) -> int | None:
        if not isinstance(data.get("seq"), int):
            return DECODE_ERROR
        session = self.gateway.sessions.get(str(data.get("session_id")))
        if session is None:
            self._send_invalid_session(resumable=False)
            return None
        missed = session.list_missed_events(data["seq"])
        if missed is None:
            return INVALID_SEQ
        self.session, session.connection = session, self
        for payload in missed:
            self.send(payload)
        session.dispatch_event("RESUMED", {"_trace": []})
        return None

    def _send_invalid_session(self, *, resumable: bool) -> None:
        if self.session and not resumable:
            self.gateway.sessions.pop(self.session.id, None)
            self.session.connection = None
            self.session = None
        self.send({"op": INVALID_SESSION, "d": resumable, "s": None, "t": None})

    def inject_fault(self, name: str, argument: str) -> None:
        """Inject a fault; raises ValueError for an unknown one.

        `reconnect`, `invalid_session`, `invalid_session_resumable`; with an argument, `close:4004` closes with a code
        (this one as if the token had been reset), `unreadable:GUILD_CREATE` sends an event without data, `silence:3`
        sends nothing for seconds.
        """
        if name == "reconnect":
            self.send({"op": RECONNECT, "d": None, "s": None, "t": None})
        elif name in ("invalid_session", "invalid_session_resumable"):
            self._send_invalid_session(resumable=name.endswith("resumable"))
        elif name == "close":
            task = asyncio.create_task(self.close(int(argument)))
            task.add_done_callback(lambda _: None)
        elif name == "unreadable":
            if self.session:
                self.session.dispatch_event(argument, {})
        elif name == "silence":
            self._silent_until = time.monotonic() + float(argument)
        else:
            raise ValueError(f"unknown op {name!r}")


def _is_shard(value: Any) -> bool:
    """Tell whether a value is `[shard_id, num_shards]`."""
    match value:
        case [int(shard_id), int(count)]:
            return 0 <= shard_id < count
        case _:
            return False


def render_guild_create(state: DiscordState, guild: Guild, *, is_join: bool = False) -> dict[str, Any]:
    """Return the GUILD_CREATE event with all channels and the active threads that the bot can see."""
    guild_channels = [c for c in state.channels.values() if c.guild_id == guild.id]
    channels = [c.to_json() for c in guild_channels if not c.is_thread]
    threads = [
        c.to_json(state.bot.id)
        for c in guild_channels
        if c.is_thread and not c.archived and state.compute_permissions(c, state.bot.id) & Permission.VIEW_CHANNEL
    ]
    return guild.to_guild_create(state.bot.id, channels, threads, is_join=is_join)
