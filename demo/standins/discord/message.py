"""Messages as they are stored; rendering.py turns them into Discord's message objects.

https://discord.com/developers/docs/resources/message#message-object
"""

import enum
from dataclasses import dataclass, field
from typing import Any

from demo.standins.discord.attachments import Attachment


class MessageFlag(enum.IntFlag):
    """The message flags that this stand-in supports."""

    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    IS_COMPONENTS_V2 = 1 << 15


class MessageType(enum.IntEnum):
    """The message types that this stand-in creates."""

    DEFAULT = 0
    REPLY = 19
    CHAT_INPUT_COMMAND = 20
    CONTEXT_MENU_COMMAND = 23


@dataclass
class Message:
    """A message. Components and embeds are stored as sent, with ids and defaults; media are resolved when rendered."""

    id: str
    channel_id: str
    author_id: str
    created_at: float
    type: MessageType = MessageType.DEFAULT
    content: str = ""
    flags: int = 0
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    allowed_mentions: dict[str, Any] = field(default_factory=dict)
    tts: bool = False
    edited_at: float | None = None
    reference_id: str | None = None
    reference_channel_id: str | None = None
    interaction_id: str | None = None
    visible_to: str | None = None
    thread_id: str | None = None
    is_deleted: bool = False

    def has_flag(self, flag: MessageFlag) -> bool:
        """Tell whether a flag is set."""
        return bool(self.flags & flag)
