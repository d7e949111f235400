"""Guilds with their settings, roles and members, as Discord's guild objects.

https://discord.com/developers/docs/resources/guild#guild-object
"""

from dataclasses import dataclass, field
from typing import Any

from demo.standins.discord.snowflake import format_timestamp
from demo.standins.discord.users import Member, Role

TIER_UPLOAD_LIMITS = {0: 10 << 20, 1: 10 << 20, 2: 50 << 20, 3: 100 << 20}
"""Upload limit in bytes by premium tier."""


@dataclass
class Guild:
    """A guild that the bot is or was a member of (`is_bot_present`)."""

    id: str
    name: str
    owner_id: str
    premium_tier: int = 0
    preferred_locale: str = "en-US"
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    member_role_id: str = ""
    bot_role_id: str = ""
    is_bot_present: bool = True
    max_active_threads: int = 1000
    system_channel_id: str | None = None

    @property
    def upload_limit(self) -> int:
        """The size limit, in bytes, of one uploaded file at this premium tier."""
        return TIER_UPLOAD_LIMITS[self.premium_tier]

    def to_json(self) -> dict[str, Any]:
        """Return the guild object of the REST API."""
        return {
            "id": self.id,
            "name": self.name,
            "icon": None,
            "description": None,
            "home_header": None,
            "splash": None,
            "discovery_splash": None,
            "features": [],
            "banner": None,
            "owner_id": self.owner_id,
            "application_id": None,
            "region": "deprecated",
            "afk_channel_id": None,
            "afk_timeout": 300,
            "system_channel_id": self.system_channel_id,
            "system_channel_flags": 0,
            "widget_enabled": False,
            "widget_channel_id": None,
            "verification_level": 0,
            "roles": [role.to_json() for role in self.roles.values()],
            "default_message_notifications": 0,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "max_presences": None,
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": None,
            "premium_tier": self.premium_tier,
            "premium_subscription_count": 0,
            "preferred_locale": self.preferred_locale,
            "rules_channel_id": None,
            "safety_alerts_channel_id": None,
            "public_updates_channel_id": None,
            "premium_progress_bar_enabled": False,
            "nsfw": False,
            "nsfw_level": 0,
            "emojis": [],
            "stickers": [],
            "incidents_data": None,
        }

    def to_guild_create(
        self, bot_id: str, channels: list[dict[str, Any]], threads: list[dict[str, Any]], *, is_join: bool = False
    ) -> dict[str, Any]:
        """Return the GUILD_CREATE event; without the members intent the bot is its only member.

        Only one that makes a guild available, after READY or an outage, says that it is no longer unavailable.
        """
        return {
            **self.to_json(),
            "joined_at": format_timestamp(self.members[bot_id].joined_at),
            "large": False,
            **({} if is_join else {"unavailable": False}),
            "member_count": len(self.members),
            "members": [self.members[bot_id].to_json()],
            "channels": channels,
            "threads": threads,
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
