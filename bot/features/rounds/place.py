"""Where a contest takes place: in a thread that the bot opens in a text channel, or in the thread where it is started.

A post of a forum is such a thread.
"""

from dataclasses import dataclass
from typing import Final

import aiohttp
import discord

from bot.discord_client.threads import open_thread
from bot.domain.rounds import ContestSettings
from bot.features.rounds.start_view import format_announcement
from bot.interactions.permissions import has_threads
from bot.rendering.markdown import truncate_text
from bot.storage.round_stores import RoundStores
from shared.i18n.messages import Messages
from shared.job import Origin
from shared.problems import RejectedError, make_problem

THREAD_NAME_LIMIT: Final = 100
_NEEDED: Final = ("view_channel", "send_messages", "attach_files", "embed_links", "read_message_history")
_NEEDED_FOR_THREAD: Final = (*_NEEDED, "create_public_threads", "send_messages_in_threads")
_NEEDED_IN_THREAD: Final = ("send_messages_in_threads", *(name for name in _NEEDED if name != "send_messages"))


@dataclass(frozen=True)
class Place:
    """The thread of a contest and its channel."""

    channel_id: int
    thread_id: int


def require_place(interaction: discord.Interaction) -> None:
    """Raise `RejectedError` if the user may not start a contest here, or the bot cannot hold it.

    The codes are round_no_threads, round_threads_not_allowed, round_thread_not_yours, permissions_missing.
    """
    channel, user_permissions = interaction.channel, interaction.permissions
    if isinstance(channel, discord.Thread):
        is_own = channel.owner_id == interaction.user.id
        if not is_own and not user_permissions.manage_messages:
            raise RejectedError(make_problem("round_thread_not_yours"))
        needed = _NEEDED_IN_THREAD
    elif channel is None or not has_threads(channel.type):
        raise RejectedError(make_problem("round_no_threads"))
    elif not user_permissions.create_public_threads:
        raise RejectedError(make_problem("round_threads_not_allowed"))
    else:
        needed = _NEEDED_FOR_THREAD
    held = interaction.app_permissions
    missing = () if held.administrator else tuple(name for name in needed if not getattr(held, name))
    if missing:
        raise RejectedError(make_problem("permissions_missing", permissions=", ".join(missing)))


async def open_contest_thread(
    interaction: discord.Interaction,
    stores: RoundStores,
    contest_id: str,
    settings: ContestSettings,
    messages: Messages,
) -> Place:
    """Open the thread under a message that Discord posts once for this contest, or use the one where it is started.

    Raises `RejectedError`: round_thread_used, discord_unavailable.
    """
    channel = interaction.channel
    if isinstance(channel, discord.Thread):
        if await stores.contests.find_open_contest(channel.id) is not None:
            raise RejectedError(make_problem("round_thread_used"))
        return Place(channel.parent_id, channel.id)
    channel_id = interaction.channel_id or 0
    text = format_announcement(interaction.user.id, settings, messages)
    try:
        announcement = await interaction.client.get_partial_messageable(channel_id).send(
            text, nonce=contest_id, allowed_mentions=discord.AllowedMentions.none()
        )
        origin = Origin(guild_id=interaction.guild_id or 0, channel_id=channel_id, message_id=announcement.id)
        name = truncate_text(settings.theme, THREAD_NAME_LIMIT)
        thread_id = await open_thread(interaction.client, origin, name)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise RejectedError(make_problem("discord_unavailable")) from error
    return Place(channel_id, thread_id)
