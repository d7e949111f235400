"""Interactions as they are stored: the user's input, the state of the response, and the messages.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

import asyncio
import enum
from dataclasses import dataclass, field
from typing import Any


class InteractionType(enum.IntEnum):
    """The type of an interaction."""

    APPLICATION_COMMAND = 2
    MESSAGE_COMPONENT = 3
    APPLICATION_COMMAND_AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


class CallbackType(enum.IntEnum):
    """The type of the first response."""

    CHANNEL_MESSAGE_WITH_SOURCE = 4
    DEFERRED_CHANNEL_MESSAGE_WITH_SOURCE = 5
    DEFERRED_UPDATE_MESSAGE = 6
    UPDATE_MESSAGE = 7
    APPLICATION_COMMAND_AUTOCOMPLETE_RESULT = 8
    MODAL = 9


@dataclass
class Interaction:
    """An interaction. `message_id` is the message whose component was used, `original_response_id` the response."""

    id: str
    token: str = field(repr=False)
    type: InteractionType
    user_id: str
    channel_id: str
    guild_id: str | None
    data: dict[str, Any]
    created_at: float
    message_id: str | None = None
    parent: "Interaction | None" = None
    response_type: CallbackType | None = None
    original_response_id: str | None = None
    is_loading: bool = False
    is_ephemeral: bool = False
    followup_ids: list[str] = field(default_factory=list)
    modal: dict[str, Any] | None = None
    choices: list[dict[str, Any]] | None = None
    has_failed: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def is_acknowledged(self) -> bool:
        """Whether the application has responded."""
        return self.response_type is not None

    @property
    def command_name(self) -> str | None:
        """The command's name with its subcommands, as messages show it."""
        if "name" not in self.data:
            return None
        words, options = [self.data["name"]], self.data.get("options") or []
        while options and options[0].get("type") in (1, 2):
            words.append(options[0]["name"])
            options = options[0].get("options") or []
        return " ".join(words)
