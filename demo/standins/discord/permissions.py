"""Discord's permission bits, and how roles and overwrites combine.

https://discord.com/developers/docs/topics/permissions#permission-overwrites
"""

import enum

from demo.standins.discord.channels import Channel
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.guild import Guild


class Permission(enum.IntFlag):
    """The permission bits that this stand-in checks."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38


ALL_PERMISSIONS = (1 << 53) - 1

BOT_PERMISSIONS = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.ATTACH_FILES
    | Permission.EMBED_LINKS
    | Permission.READ_MESSAGE_HISTORY
)

MEMBER_PERMISSIONS = BOT_PERMISSIONS | Permission.ADD_REACTIONS | Permission.USE_APPLICATION_COMMANDS


def compute_guild_permissions(guild: Guild, user_id: str) -> int:
    """Return the permissions that a member's roles grant in the guild; 0 for other users."""
    member = guild.members.get(user_id)
    if member is None:
        return 0
    if user_id == guild.owner_id:
        return ALL_PERMISSIONS
    bits = guild.roles[guild.id].permissions
    for role_id in member.roles:
        bits |= guild.roles[role_id].permissions
    return ALL_PERMISSIONS if bits & Permission.ADMINISTRATOR else bits


def compute_channel_permissions(guild: Guild, channel: Channel, user_id: str) -> int:
    """Return a member's permissions in a channel; for a thread, pass its parent."""
    bits = compute_guild_permissions(guild, user_id)
    if bits == ALL_PERMISSIONS or user_id not in guild.members:
        return bits
    overwrites = channel.overwrites
    groups: tuple[list[str], ...] = ([guild.id], guild.members[user_id].roles, [user_id])
    for ids in groups:
        applying = [overwrites[i] for i in ids if i in overwrites]
        for overwrite in applying:
            bits &= ~int(overwrite["deny"])
        for overwrite in applying:
            bits |= int(overwrite["allow"])
    return bits if bits & Permission.VIEW_CHANNEL else 0


def require_permission(bits: int, needed: Permission) -> None:
    """Raise DiscordApiError 50001 if the channel is not visible, 50013 if another needed permission is missing."""
    if not bits & Permission.VIEW_CHANNEL:
        raise DiscordApiError(50001)
    if bits & needed != needed:
        raise DiscordApiError(50013)
