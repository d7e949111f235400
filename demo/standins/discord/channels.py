"""Channels, threads and direct messages as Discord's channel objects.

https://discord.com/developers/docs/resources/channel#channel-object
"""

import enum
from dataclasses import dataclass, field
from typing import Any

from demo.standins.discord.snowflake import format_timestamp, snowflake_time
from demo.standins.discord.users import User


class ChannelType(enum.IntEnum):
    """The channel types that this stand-in supports."""

    TEXT = 0
    DM = 1
    VOICE = 2
    CATEGORY = 4
    ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    STAGE = 13
    FORUM = 15


THREAD_TYPES = frozenset({ChannelType.ANNOUNCEMENT_THREAD, ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD})
VOICE_TYPES = frozenset({ChannelType.VOICE, ChannelType.STAGE})
VOICE_BITRATE = 64_000
"""Bits a second of a new voice channel."""
AUTO_ARCHIVE_MINUTES = (60, 1440, 4320, 10080)


@dataclass
class Channel:
    """A guild channel, a thread or a DM."""

    id: str
    type: ChannelType
    name: str = ""
    guild_id: str | None = None
    parent_id: str | None = None
    position: int = 0
    topic: str | None = None
    rate_limit_per_user: int = 0
    nsfw: bool = False
    overwrites: dict[str, dict[str, Any]] = field(default_factory=dict)
    recipients: list[User] = field(default_factory=list)
    last_message_id: str | None = None
    owner_id: str | None = None
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    auto_archive_duration: int = 4320
    archive_changed_at: float = 0.0
    message_count: int = 0
    total_message_sent: int = 0
    members: dict[str, float] = field(default_factory=dict)
    available_tags: list[dict[str, Any]] = field(default_factory=list)
    applied_tags: list[str] = field(default_factory=list)

    @property
    def is_thread(self) -> bool:
        """Whether this channel is a thread."""
        return self.type in THREAD_TYPES

    def to_json(self, member_id: str | None = None) -> dict[str, Any]:
        """Return the channel object; `member_id` adds this member's thread membership."""
        base = {
            "id": self.id,
            "type": int(self.type),
            "last_message_id": self.last_message_id,
            "flags": 0,
            "last_pin_timestamp": None,
        }
        if self.type is ChannelType.DM:
            return {**base, "recipients": [user.to_json() for user in self.recipients]}
        base |= {
            "guild_id": self.guild_id,
            "name": self.name,
            "parent_id": self.parent_id,
            "rate_limit_per_user": self.rate_limit_per_user,
        }
        if not self.is_thread:
            return base | {
                "position": self.position,
                "permission_overwrites": list(self.overwrites.values()),
                "nsfw": self.nsfw,
                **self._type_to_json(),
            }
        base |= {
            "owner_id": self.owner_id,
            "thread_metadata": {
                "archived": self.archived,
                "archive_timestamp": format_timestamp(self.archive_changed_at),
                "auto_archive_duration": self.auto_archive_duration,
                "locked": self.locked,
                "create_timestamp": format_timestamp(snowflake_time(self.id)),
                **({"invitable": self.invitable} if self.type is ChannelType.PRIVATE_THREAD else {}),
            },
            "message_count": self.message_count,
            "member_count": len(self.members),
            "total_message_sent": self.total_message_sent,
            **({"applied_tags": self.applied_tags} if self.applied_tags else {}),
        }
        if member_id is not None and member_id in self.members:
            base["member"] = self.member_to_json(member_id)
        return base

    def _type_to_json(self) -> dict[str, Any]:
        """Return the fields that only channels of this type have."""
        topic = {"topic": self.topic}
        if self.type in VOICE_TYPES:
            voice = {"bitrate": VOICE_BITRATE, "user_limit": 0, "rtc_region": None, "video_quality_mode": 1}
            return voice if self.type is ChannelType.VOICE else topic | voice
        if self.type is ChannelType.FORUM:
            shown = {"default_reaction_emoji": None, "default_sort_order": None, "default_forum_layout": 0}
            return topic | {"available_tags": self.available_tags, "default_thread_rate_limit_per_user": 0} | shown
        return {} if self.type is ChannelType.CATEGORY else topic

    def member_to_json(self, user_id: str) -> dict[str, Any]:
        """Return a thread member object."""
        return {
            "id": self.id,
            "user_id": user_id,
            "join_timestamp": format_timestamp(self.members[user_id]),
            "flags": 1,
        }
