"""Sends events to the gateway sessions entitled to them and to open chat pages.

https://discord.com/developers/docs/events/gateway#list-of-intents
"""

import asyncio
import enum
from collections.abc import Callable
from typing import Any


class Intent(enum.IntFlag):
    """The gateway intents that the events of this stand-in need."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    DIRECT_MESSAGES = 1 << 12
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED_INTENTS = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
KNOWN_INTENTS = (1 << 17) - 1 | 0b11 << 20 | 0b11 << 24
"""All bits that Discord has assigned: 0 to 16, 20, 21, 24 and 25."""

PageQueue = asyncio.Queue[dict[str, Any] | None]
GatewayListener = Callable[[str, dict[str, Any], int, str | None], None]


class EventDispatcher:
    """Distributes events. The gateway subscribes once, chat pages subscribe and unsubscribe."""

    def __init__(self) -> None:
        self._gateway_listeners: list[GatewayListener] = []
        self._page_queues: list[tuple[str, PageQueue]] = []

    def subscribe_gateway(self, listener: GatewayListener) -> None:
        """Call the listener with every event for the bot."""
        self._gateway_listeners.append(listener)

    def send_to_bot(self, name: str, data: dict[str, Any], intents: int, guild_id: str | None) -> None:
        """Send an event to the bot's sessions that have one of these intents (0: all) and own the guild's shard."""
        for listener in self._gateway_listeners:
            listener(name, data, intents, guild_id)

    def subscribe_page(self, user_id: str) -> PageQueue:
        """Return a new event queue for a user's page; a None in it marks the end."""
        queue: PageQueue = asyncio.Queue()
        self._page_queues.append((user_id, queue))
        return queue

    def unsubscribe_page(self, queue: PageQueue) -> None:
        """Remove a queue returned by `subscribe_page`."""
        self._page_queues = [(user, other) for user, other in self._page_queues if other is not queue]

    def close(self) -> None:
        """End all page queues at shutdown."""
        for _, queue in self._page_queues:
            queue.put_nowait(None)

    def list_page_users(self) -> set[str]:
        """Return the ids of users with an open page."""
        return {user for user, _ in self._page_queues}

    def send_to_user(self, user_id: str, name: str, data: dict[str, Any]) -> None:
        """Send an event to all pages of one user."""
        for subscriber_id, queue in self._page_queues:
            if subscriber_id == user_id:
                queue.put_nowait({"t": name, "d": data})
