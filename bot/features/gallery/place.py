"""Where a result is, who can read it there, and whether it may enter the gallery from there.

All that is known of channels is what Discord has told the bot.
"""

import asyncio
from typing import Final

import discord
from discord.abc import GuildChannel

from bot.domain.gallery import GalleryReason, GalleryRefusal, GallerySettings, ResultPlaceFacts, find_refusal
from bot.domain.ports import PreferencesStore
from bot.domain.records import JobRecord
from bot.interactions.permissions import list_missing_permissions

GALLERY_CHANNEL_TYPES: Final = (discord.ChannelType.text, discord.ChannelType.news, discord.ChannelType.forum)
FETCH_TIMEOUT_SECONDS: Final = 10.0

GalleryChannel = discord.TextChannel | discord.ForumChannel


def find_gallery_channel(guild: discord.Guild | None, channel_id: int | None) -> GalleryChannel | None:
    """Find a channel that can be a gallery: a text, announcement or forum channel of this server."""
    channel = None if guild is None or channel_id is None else guild.get_channel(channel_id)
    is_suitable = isinstance(channel, GalleryChannel) and channel.type in GALLERY_CHANNEL_TYPES
    return channel if is_suitable and isinstance(channel, GalleryChannel) else None


def find_missing_permissions(channel: GalleryChannel) -> tuple[str, ...]:
    """Find the permissions that the bot lacks to post in a gallery, by their names in Discord's API."""
    return list_missing_permissions(channel.permissions_for(channel.guild.me), in_thread=False)


async def find_result_refusal(
    channel: GalleryChannel,
    settings: GallerySettings,
    preferences_store: PreferencesStore,
    reason: GalleryReason,
    record: JobRecord,
) -> GalleryRefusal | None:
    """Find out why a result may not enter the gallery in this channel; None if it may.

    Raises `RejectedError` (database_unavailable), and as `describe_place`.
    """
    preferences = await preferences_store.load_preferences(record.job.requester.id)
    return find_refusal(
        reason,
        await describe_place(channel, record),
        settings,
        guild_id=channel.guild.id,
        is_age_restricted=is_age_restricted(channel),
        is_declined=not preferences.in_galleries,
    )


async def describe_place(gallery: GalleryChannel, record: JobRecord) -> ResultPlaceFacts:
    """Describe where a result of the gallery's server is. An archived thread is fetched.

    An entry of a round is secret until the round shows it; no message shows an item of a batch alone. Raises
    `discord.HTTPException`, unless Discord shows the bot no such channel: then nobody is known to read it.
    """
    guild, origin, message = gallery.guild, record.job.origin, record.message
    is_secret = record.job.entry is not None and message is None
    is_shown = message is not None or record.job.batch is not None
    is_private = origin.is_direct_message or not is_shown or (message is not None and message.is_private)
    if is_secret or is_private or origin.guild_id != guild.id:
        return ResultPlaceFacts(origin.guild_id, frozenset({origin.channel_id}), is_private, is_secret=is_secret)
    channel = guild.get_channel_or_thread(origin.channel_id) or await _fetch_channel(guild, origin.channel_id)
    home = channel.parent if isinstance(channel, discord.Thread) else channel
    if channel is None or home is None:
        return ResultPlaceFacts(origin.guild_id, frozenset({origin.channel_id}))
    is_private_thread = isinstance(channel, discord.Thread) and channel.is_private()
    return ResultPlaceFacts(
        guild_id=origin.guild_id,
        channel_ids=frozenset({channel.id, home.id}),
        is_readable=not is_private_thread and is_read_by_readers(home, gallery),
        is_age_restricted=is_age_restricted(home),
    )


def is_read_by_readers(channel: GuildChannel, gallery: GalleryChannel) -> bool:
    """Tell whether each role that can read the gallery can read another channel; `@everyone` is one of them."""
    return all(_may_read(role, channel) for role in gallery.guild.roles if _may_read(role, gallery))


def is_age_restricted(channel: GuildChannel) -> bool:
    """Tell whether Discord shows a channel to adults only."""
    return bool(getattr(channel, "nsfw", False))


def _may_read(role: discord.Role, channel: GuildChannel) -> bool:
    permissions = channel.permissions_for(role)
    return permissions.view_channel and permissions.read_message_history


async def _fetch_channel(guild: discord.Guild, channel_id: int) -> GuildChannel | discord.Thread | None:
    try:
        async with asyncio.timeout(FETCH_TIMEOUT_SECONDS):
            return await guild.fetch_channel(channel_id)
    except (discord.NotFound, discord.Forbidden, discord.InvalidData):
        return None
