"""The permissions that the bot needs in a channel, and those that let a user cancel or delete jobs of others."""

from typing import Final

import aiohttp
import discord
from discord import Permissions

from bot.interactions.visibility import is_at_origin, resolve_permissions
from shared.job import Origin
from shared.problems import RejectedError, make_problem

# View Channel, Send Messages, Send Messages in Threads, Create Public Threads, Attach Files, Embed Links, Read History
INVITE_PERMISSIONS: Final = Permissions(309237763072)

_REQUIRED_PERMISSIONS: Final = ("view_channel", "attach_files", "embed_links", "read_message_history")
_THREAD_PARENT_TYPES: Final = (discord.ChannelType.text, discord.ChannelType.news)


def list_missing_permissions(permissions: Permissions, *, in_thread: bool) -> tuple[str, ...]:
    """Return the names of the permissions that the bot lacks to respond here, as i18n keys of `permission`.

    A channel needs no permission for threads: without a thread the result is a reply.
    https://discord.com/developers/docs/topics/threads
    """
    send = "send_messages_in_threads" if in_thread else "send_messages"
    needed = (_REQUIRED_PERMISSIONS[0], send, *_REQUIRED_PERMISSIONS[1:])
    return () if permissions.administrator else tuple(name for name in needed if not getattr(permissions, name))


def has_threads(channel_type: discord.ChannelType | None) -> bool:
    """Tell whether messages in channels of this type can have public threads."""
    return channel_type in _THREAD_PARENT_TYPES


def require_author_or_moderator(interaction: discord.Interaction, author_id: int | None, origin: Origin | None) -> None:
    """Let only the author of a job and moderators of its channel delete or cancel it.

    `origin` is where the job was requested, None where that is unknown. Raises `RejectedError` (not_allowed_to_end).
    """
    if author_id != interaction.user.id and not is_moderator(interaction, origin):
        raise RejectedError(make_problem("not_allowed_to_end"))


def is_moderator(interaction: discord.Interaction, origin: Origin | None) -> bool:
    """Tell whether this user may delete other users' messages where a job was requested; here, if that is unknown.

    Buttons of a job may be used from another channel, below a copy of its result.
    """
    guild, user = interaction.guild, interaction.user
    if guild is None or not isinstance(user, discord.Member):
        return False
    if origin is None or is_at_origin(interaction, origin):
        return interaction.permissions.manage_messages
    return resolve_permissions(user, guild.get_channel_or_thread(origin.channel_id)).manage_messages


def require_moderator(interaction: discord.Interaction) -> None:
    """Let only members who may time out others go on. Raises `RejectedError` (moderation_not_allowed)."""
    if interaction.guild_id is None or not interaction.permissions.moderate_members:
        raise RejectedError(make_problem("moderation_not_allowed"))


async def require_blockable(interaction: discord.Interaction, user_id: int) -> None:
    """Let only members who do not manage the server be blocked, and people who left it.

    Raises `RejectedError` (moderator_not_blockable, discord_unavailable).
    """
    if interaction.guild is None:
        return
    try:
        member = await interaction.guild.fetch_member(user_id)
    except discord.NotFound:
        return
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise RejectedError(make_problem("discord_unavailable")) from error
    if not is_blockable(member):
        raise RejectedError(make_problem("moderator_not_blockable"))


def is_blockable(member: discord.Member) -> bool:
    """Tell whether a member may be blocked: those who manage the server, and bots, may not."""
    return not (member.guild_permissions.manage_guild or member.bot)


def require_guild_manager(interaction: discord.Interaction, problem_code: str) -> None:
    """Let only members who can manage the server go on. Raises `RejectedError` with this code."""
    if interaction.guild_id is None or not interaction.permissions.manage_guild:
        raise RejectedError(make_problem(problem_code))
