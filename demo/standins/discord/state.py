"""The stand-in's whole state, in memory, with the queries and changes that all parts use."""

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
    """All accounts, guilds, channels, messages and files.

    It starts with the guild "Pentimento Studio" with ada, ben, the bot and two text channels.
    """

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
        owner = self.add_user("studio")
        self.bot = self.add_user("Pentimento", bot=True)
        self.application_id = self.bot.id
        self.guild = self.add_guild("Pentimento Studio", [owner, self.add_user("ada"), self.add_user("ben")])
        for name in ("general", "gallery"):
            self.add_channel(self.guild, name)
        self.commands = CommandRegistry(self.application_id, self.generate_id, now)

    @property
    def gateway_url(self) -> str:
        """The gateway's URL."""
        return self.base_url.replace("http", "ws", 1) + "/gateway"

    def add_user(self, name: str, *, bot: bool = False, locale: str = "en-US", nitro: int = 0) -> User:
        """Create an account."""
        user = User(self.generate_id(), name, is_bot=bot, locale=locale, premium_type=nitro)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, users: list[User]) -> Guild:
        """Create a guild with the bot and these users; the first one owns it."""
        guild = Guild(self.generate_id(), name, users[0].id)
        self.guilds[guild.id] = guild
        guild.roles[guild.id] = Role(guild.id, "@everyone", 0, 0)
        guild.member_role_id = self.add_role(guild, "Member", int(MEMBER_PERMISSIONS)).id
        guild.bot_role_id = self.add_role(guild, self.bot.name, int(BOT_PERMISSIONS), bot_id=self.bot.id).id
        for user in (*users, self.bot):
            self.add_member(guild, user)
        return guild

    def add_role(self, guild: Guild, name: str, permissions: int, bot_id: str | None = None) -> Role:
        """Create a role in a guild."""
        role = Role(self.generate_id(), name, permissions, len(guild.roles), bot_id)
        guild.roles[role.id] = role
        return role

    def add_member(self, guild: Guild, user: User) -> Member:
        """Add a user to a guild, with the default role of members or of the bot."""
        role_id = guild.bot_role_id if user.is_bot else guild.member_role_id
        guild.members[user.id] = Member(user, self.now(), [role_id])
        return guild.members[user.id]

    def add_channel(self, guild: Guild, name: str, kind: ChannelType = ChannelType.TEXT) -> Channel:
        """Create a channel in a guild."""
        channel = Channel(self.generate_id(), kind, name, guild.id, position=len(self.channels))
        self.channels[channel.id] = channel
        self.messages[channel.id] = {}
        return channel

    def find_user(self, key: str) -> User:
        """Find a user by id or by name; raises DiscordApiError 10013."""
        found = self.users.get(key) or next((u for u in self.users.values() if u.name == key), None)
        if found is None:
            raise DiscordApiError(10013)
        return found

    def get_guild(self, channel: Channel) -> Guild:
        """Return a channel's guild; raises KeyError for a DM."""
        return self.guilds[channel.guild_id or ""]

    def get_channel(self, channel_id: str) -> Channel:
        """Return a channel; raises DiscordApiError 10003."""
        if channel_id not in self.channels:
            raise DiscordApiError(10003)
        return self.channels[channel_id]

    def get_message(self, channel_id: str, message_id: str) -> Message:
        """Return a message; raises DiscordApiError 10008 if it does not exist or was deleted."""
        message = self.messages.get(channel_id, {}).get(message_id)
        if message is None or message.is_deleted:
            raise DiscordApiError(10008)
        return message

    def find_message(self, message_id: str) -> Message:
        """Find a message in any channel; raises DiscordApiError 10008."""
        return self.get_message(
            next((c for c, messages in self.messages.items() if message_id in messages), ""), message_id
        )

    def compute_permissions(self, channel: Channel, user_id: str) -> int:
        """Return a user's permissions in a channel; participants of a DM have all permissions."""
        if channel.type is ChannelType.DM:
            is_participant = user_id == self.bot.id or any(user.id == user_id for user in channel.recipients)
            return ALL_PERMISSIONS if is_participant else 0
        guild = self.get_guild(channel)
        if user_id == self.bot.id and not guild.is_bot_present:
            return 0
        if channel.type is ChannelType.PRIVATE_THREAD and user_id not in channel.members:
            bits = compute_channel_permissions(guild, self.channels[channel.parent_id or ""], user_id)
            return bits if bits & Permission.MANAGE_THREADS else 0
        overwritten = self.channels.get(channel.parent_id or "", channel) if channel.is_thread else channel
        return compute_channel_permissions(guild, overwritten, user_id)

    def get_dm_channel(self, user: User) -> Channel:
        """Return the bot's DM channel with a user; create it if needed."""
        for channel in self.channels.values():
            if channel.type is ChannelType.DM and channel.recipients[0].id == user.id:
                return channel
        channel = Channel(self.generate_id(), ChannelType.DM, recipients=[user])
        self.channels[channel.id] = channel
        self.messages[channel.id] = {}
        return channel

    def get_upload_limit(self, channel: Channel, user: User | None = None) -> int:
        """Return the size limit of one file in bytes: by the guild's tier or the user's Nitro, whichever is larger."""
        tier = self.get_guild(channel).upload_limit if channel.guild_id else 10 << 20
        return max(tier, NITRO_UPLOAD_LIMITS[user.premium_type]) if user else tier

    def store_file(self, channel_id: str, filename: str, data: bytes, **fields: Any) -> Attachment:
        """Store an uploaded file and detect its type."""
        attachment = Attachment(self.generate_id(), channel_id, filename, data, *sniff_file(data, filename), **fields)
        self.attachments[attachment.id] = attachment
        return attachment

    def render_attachment(self, attachment: Attachment) -> dict[str, Any]:
        """Return the attachment object with freshly signed URLs."""
        signed = self.signer.sign_path(attachment.path, self.now())
        return render_attachment(attachment, self.base_url + signed, f"{self.base_url}/media{signed}")
