"""Describing a use of the bot for the rules of a server: by the user of an interaction, or by another member."""

import discord
from discord.abc import GuildChannel

from bot.domain.guild_settings import GuildSettings
from bot.domain.usage import Usage
from bot.interactions.permissions import list_missing_permissions
from bot.interactions.visibility import resolve_permissions

AnyChannel = GuildChannel | discord.Thread


def build_usage(interaction: discord.Interaction, settings: GuildSettings) -> Usage:
    """Describe the use by an interaction in a server with these settings."""
    if interaction.guild_id is None:
        return Usage(interaction.user.id, None, interaction.channel_id or 0, settings)
    channel = interaction.channel
    missing = list_missing_permissions(interaction.app_permissions, in_thread=isinstance(channel, discord.Thread))
    return Usage(
        interaction.user.id,
        interaction.guild_id,
        get_channel_id(interaction),
        settings,
        list_role_ids(interaction.user),
        is_manager=interaction.permissions.manage_guild,
        is_moderator=may_moderate(interaction.permissions),
        is_age_restricted=_is_age_restricted(channel),
        missing_permissions=missing,
    )


def build_member_usage(member: discord.Member, channel: AnyChannel, settings: GuildSettings) -> Usage:
    """Describe the use by a member in a channel of their server, which has these settings."""
    permissions = resolve_permissions(member, channel)
    bot_permissions = resolve_permissions(member.guild.me, channel)
    return Usage(
        member.id,
        member.guild.id,
        get_parent_id(channel) or channel.id,
        settings,
        list_role_ids(member),
        is_manager=permissions.manage_guild,
        is_moderator=may_moderate(permissions),
        is_age_restricted=_is_age_restricted(channel),
        missing_permissions=list_missing_permissions(bot_permissions, in_thread=isinstance(channel, discord.Thread)),
    )


def may_moderate(permissions: discord.Permissions) -> bool:
    """Tell whether these permissions make a member a moderator of the server: to time out others, or to manage it."""
    return permissions.moderate_members or permissions.manage_guild


def list_role_ids(user: discord.User | discord.Member) -> frozenset[int]:
    """List the ids of a member's roles; there are none outside of a server."""
    return frozenset(role.id for role in user.roles) if isinstance(user, discord.Member) else frozenset()


def get_channel_id(interaction: discord.Interaction) -> int:
    """Return the id of the channel of an interaction, of a thread that of its channel."""
    return get_parent_id(interaction.channel) or interaction.channel_id or 0


def get_parent_id(channel: object) -> int | None:
    """Return the id of the channel of a thread; None if this is no thread."""
    return channel.parent_id if isinstance(channel, discord.Thread) else None


def _is_age_restricted(channel: object) -> bool:
    """Tell whether a channel, or that of a thread, is age-restricted; not if that is unknown."""
    place = channel.parent if isinstance(channel, discord.Thread) else channel
    return bool(getattr(place, "nsfw", False))
