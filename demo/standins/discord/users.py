"""Users, members and roles, as Discord's objects.

https://discord.com/developers/docs/resources/user#user-object
"""

from dataclasses import dataclass, field
from typing import Any

from demo.standins.discord.snowflake import format_timestamp

NITRO_UPLOAD_LIMITS = {0: 10 << 20, 1: 500 << 20, 2: 500 << 20, 3: 50 << 20}
"""Upload limit in bytes by premium_type: none, Nitro Classic, Nitro, Nitro Basic."""


@dataclass
class User:
    """The account of a user or the bot; with `has_dms_closed`, direct messages to it fail with 50007."""

    id: str
    name: str
    is_bot: bool = False
    locale: str = "en-US"
    premium_type: int = 0
    has_dms_closed: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the user object as other users see it."""
        return {
            "id": self.id,
            "username": self.name.lower().replace(" ", "_") if not self.is_bot else self.name,
            "global_name": None if self.is_bot else self.name.capitalize(),
            "avatar": None,
            "discriminator": "0000" if self.is_bot else "0",
            "public_flags": 0,
            "flags": 0,
            "banner": None,
            "accent_color": None,
            "avatar_decoration_data": None,
            "collectibles": None,
            "primary_guild": None,
            **({"bot": True} if self.is_bot else {}),
        }

    def to_private_json(self) -> dict[str, Any]:
        """Return the user object as the user sees it."""
        return {
            **self.to_json(),
            "mfa_enabled": True,
            "locale": self.locale,
            "premium_type": self.premium_type,
            "email": None,
            "verified": True,
        }


@dataclass
class Role:
    """A role; `bot_id` is set on a bot's managed role."""

    id: str
    name: str
    permissions: int
    position: int
    bot_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the role object."""
        return {
            "id": self.id,
            "name": self.name,
            "description": None,
            "permissions": str(self.permissions),
            "position": self.position,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": self.bot_id is not None,
            "mentionable": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
            **({"tags": {"bot_id": self.bot_id}} if self.bot_id else {}),
        }


@dataclass
class Member:
    """A user in a guild; `roles` are the role ids without @everyone."""

    user: User
    joined_at: float
    roles: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the guild member object with its user object."""
        return {**self.to_partial_json(), "user": self.user.to_json()}

    def to_partial_json(self) -> dict[str, Any]:
        """Return the guild member object without its user object, as in `resolved`."""
        return {
            "avatar": None,
            "avatar_decoration_data": None,
            "banner": None,
            "collectibles": None,
            "communication_disabled_until": None,
            "flags": 0,
            "joined_at": format_timestamp(self.joined_at),
            "nick": None,
            "pending": False,
            "premium_since": None,
            "roles": list(self.roles),
            "mute": False,
            "deaf": False,
        }
