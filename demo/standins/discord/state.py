"""The world: everything the stand-in knows, in memory, and the questions that all parts ask of it."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from demo.standins.discord.attachments import Attachment, UrlSigner, render_attachment, sniff_file
from demo.standins.discord.channels import Channel, ChannelType
from demo.standins.discord.command_registry import CommandRegistry
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.event_dispatcher import EventDispatcher
from demo.standins.discord.guild import Guild
from demo.standins.discord.message import Message
from demo.standins.discord.permissions import (
    ALL_PERMISSIONS,
    BOT_PERMISSIONS,
    MEMBER_PERMISSIONS,
    Permission,
    compute_channel_permissions,
)
from demo.standins.discord.settings import Settings
from demo.standins.discord.snowflake import SnowflakeGenerator
from demo.standins.discord.users import NITRO_UPLOAD_LIMITS, Member, Role, User

if TYPE_CHECKING:
    from demo.standins.discord.interaction import Interaction


class DiscordState:
    """The guild "Pentimento Studio" with ada, ben, the bot and two text channels, and what is added on request."""

    def __init__(self, settings: Settings, now: Callable[[], float]) -> None:
        self.settings = settings
        self.now = now
        self.base_url = ""
        self.generate_id = SnowflakeGenerator(now).generate_id
        self.signer = UrlSigner(secrets.token_bytes(32), settings.attachment_lifetime)
        self.events = EventDispatcher()
        self.users: dict[str, User] = {}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, dict[str, Message]] = {}
        self.attachments: dict[str, Attachment] = {}
        self.interactions: dict[str, Interaction] = {}
        self.interactions_by_token: dict[str, Interaction] = {}
        self.nonces: dict[tuple[str, str], tuple[float, str, str]] = {}
        self.started_at = now()
        owner = self.add_user("studio")
        self.bot = self.add_user("Pentimento", bot=True)
        self.application_id = self.bot.id
        self.guild = self.add_guild("Pentimento Studio", [owner, self.add_user("ada"), self.add_user("ben")])
        for name in ("general", "gallery"):
            self.add_channel(self.guild, name)
        self.commands = CommandRegistry(self.application_id, self.generate_id, now)

    @property
    def gateway_url(self) -> str:
        """The address of the gateway."""
        return self.base_url.replace("http", "ws", 1) + "/gateway"

    def add_user(self, name: str, *, bot: bool = False, locale: str = "en-US", nitro: int = 0) -> User:
        """Make an account."""
        user = User(self.generate_id(), name, is_bot=bot, locale=locale, premium_type=nitro)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, people: list[User]) -> Guild:
        """Make a guild with the bot and these people in it, of whom the first owns it."""
        guild = Guild(self.generate_id(), name, people[0].id)
        self.guilds[guild.id] = guild
        guild.roles[guild.id] = Role(guild.id, "@everyone", 0, 0)
        guild.member_role_id = self.add_role(guild, "Member", int(MEMBER_PERMISSIONS)).id
        guild.bot_role_id = self.add_role(guild, self.bot.name, int(BOT_PERMISSIONS), bot_id=self.bot.id).id
        for user in (*people, self.bot):
            self.add_member(guild, user)
        return guild

    def add_role(self, guild: Guild, name: str, permissions: int, bot_id: str | None = None) -> Role:
        """Make a role of a guild."""
        role = Role(self.generate_id(), name, permissions, len(guild.roles), bot_id)
        guild.roles[role.id] = role
        return role

    def add_member(self, guild: Guild, user: User) -> Member:
        """Make a user a member of a guild, with the role that people or the bot get there."""
        role_id = guild.bot_role_id if user.is_bot else guild.member_role_id
        guild.members[user.id] = Member(user, self.now(), [role_id])
        return guild.members[user.id]

    def add_channel(self, guild: Guild, name: str, kind: ChannelType = ChannelType.TEXT) -> Channel:
        """Make a channel of a guild."""
        channel = Channel(self.generate_id(), kind, name, guild.id, position=len(self.channels))
        self.channels[channel.id] = channel
        self.messages[channel.id] = {}
        return channel

    def find_user(self, key: str) -> User:
        """Find a user by id or by name; raises Refusal 10013."""
        found = self.users.get(key) or next((u for u in self.users.values() if u.name == key), None)
        if found is None:
            raise DiscordApiError(10013)
        return found

    def get_guild(self, channel: Channel) -> Guild:
        """Return the guild that a channel belongs to; a DM has none (KeyError)."""
        return self.guilds[channel.guild_id or ""]

    def get_channel(self, channel_id: str) -> Channel:
        """Find a channel; raises Refusal 10003."""
        if channel_id not in self.channels:
            raise DiscordApiError(10003)
        return self.channels[channel_id]

    def get_message(self, channel_id: str, message_id: str) -> Message:
        """Find a message that is not deleted; raises Refusal 10008."""
        message = self.messages.get(channel_id, {}).get(message_id)
        if message is None or message.is_deleted:
            raise DiscordApiError(10008)
        return message

    def find_message(self, message_id: str) -> Message:
        """Find a message wherever it is; raises Refusal 10008."""
        return self.get_message(next((c for c, kept in self.messages.items() if message_id in kept), ""), message_id)

    def compute_permissions(self, channel: Channel, user_id: str) -> int:
        """Return what a user may do in a channel; in a DM its recipients may do everything."""
        if channel.type is ChannelType.DM:
            within = user_id == self.bot.id or any(user.id == user_id for user in channel.recipients)
            return ALL_PERMISSIONS if within else 0
        guild = self.get_guild(channel)
        if user_id == self.bot.id and not guild.is_bot_present:
            return 0
        if channel.type is ChannelType.PRIVATE_THREAD and user_id not in channel.members:
            bits = compute_channel_permissions(guild, self.channels[channel.parent_id or ""], user_id)
            return bits if bits & Permission.MANAGE_THREADS else 0
        place = self.channels.get(channel.parent_id or "", channel) if channel.is_thread else channel
        return compute_channel_permissions(guild, place, user_id)

    def get_dm_channel(self, user: User) -> Channel:
        """Return the DM channel of the bot and a user, made when it is first asked for."""
        for channel in self.channels.values():
            if channel.type is ChannelType.DM and channel.recipients[0].id == user.id:
                return channel
        channel = Channel(self.generate_id(), ChannelType.DM, recipients=[user])
        self.channels[channel.id] = channel
        self.messages[channel.id] = {}
        return channel

    def get_upload_limit(self, channel: Channel, user: User | None = None) -> int:
        """Return the bytes one file may have here: the guild's tier or the user's Nitro, whichever is more."""
        tier = self.get_guild(channel).upload_limit if channel.guild_id else 10 << 20
        return max(tier, NITRO_UPLOAD_LIMITS[user.premium_type]) if user else tier

    def store_file(self, channel_id: str, filename: str, data: bytes, **known: Any) -> Attachment:
        """Keep an uploaded file and look at what it is."""
        attachment = Attachment(self.generate_id(), channel_id, filename, data, *sniff_file(data, filename), **known)
        self.attachments[attachment.id] = attachment
        return attachment

    def render_attachment(self, attachment: Attachment) -> dict[str, Any]:
        """Return the attachment object with addresses signed now."""
        signed = self.signer.sign_path(attachment.path, self.now())
        return render_attachment(attachment, self.base_url + signed, f"{self.base_url}/media{signed}")
