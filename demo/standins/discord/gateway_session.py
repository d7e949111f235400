"""A gateway session: the numbered events of one identified shard, stored so that a resume can replay them.

https://discord.com/developers/docs/events/gateway#resuming
"""

import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

REPLAY_LIMIT = 5000


class PayloadSink(Protocol):
    """The connection that sends a session's payloads."""

    def send(self, payload: dict[str, Any]) -> None:
        """Queue a payload for sending."""


@dataclass
class GatewaySession:
    """One session; `connection` is None while the client is disconnected."""

    intents: int
    shard: tuple[int, int]
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    sequence: int = 0
    connection: PayloadSink | None = None
    _replay_buffer: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=REPLAY_LIMIT))

    def accepts_event(self, intents: int, guild_id: str | None) -> bool:
        """Tell whether an event with these intents (0: any) and this guild is for this session."""
        shard, count = self.shard
        owns_guild = shard == ((int(guild_id) >> 22) % count if guild_id else 0)
        return owns_guild and (intents == 0 or bool(self.intents & intents))

    def dispatch_event(self, name: str, data: dict[str, Any]) -> None:
        """Number an event, store it for replay, and send it if connected."""
        self.sequence += 1
        payload = {"op": 0, "s": self.sequence, "t": name, "d": data}
        self._replay_buffer.append(payload)
        if self.connection:
            self.connection.send(payload)

    def list_missed_events(self, sequence: int) -> list[dict[str, Any]] | None:
        """Return the events after a sequence number, or None if it is unknown or too old to replay."""
        if sequence > self.sequence or (self._replay_buffer and sequence < self._replay_buffer[0]["s"] - 1):
            return None
        return [payload for payload in self._replay_buffer if payload["s"] > sequence]
