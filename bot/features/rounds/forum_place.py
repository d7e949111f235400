"""The forums in which a contest can have its post, and that post, which is opened once for each contest."""

import asyncio
import logging
from dataclasses import replace
from typing import Final

import aiohttp
import discord

from bot.discord_client.forum_posts import FORUM_TIMEOUT_SECONDS, find_forum_post
from bot.discord_client.threads import ARCHIVE_AFTER_MINUTES
from bot.domain.rounds import ContestSettings
from bot.features.rounds.place import THREAD_NAME_LIMIT, Place
from bot.features.rounds.start_view import NO_FORUM, build_post_view
from bot.interactions.components import parse_selected_number
from bot.interactions.locale import get_guild_settings
from bot.interactions.permissions import list_missing_permissions
from bot.interactions.visibility import resolve_permissions
from bot.rendering.markdown import truncate_text
from bot.rendering.outcome_views import compute_component_id
from bot.rounds.forum_tags import choose_first_tags
from shared.i18n.messages import Messages
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

_NEEDED_BY_HOST: Final = ("view_channel", "send_messages", "send_messages_in_threads")


def list_forums(interaction: discord.Interaction) -> list[discord.ForumChannel]:
    """List the forums of this server in which both the user and the bot may post, and the bot may be used."""
    guild, user = interaction.guild, interaction.user
    if guild is None or not isinstance(user, discord.Member):
        return []
    allowed = get_guild_settings(interaction).allowed_channel_ids
    return [
        forum
        for forum in guild.forums
        if forum.type is discord.ChannelType.forum
        and (not allowed or forum.id in allowed)
        and _may_post(forum, user)
        and _may_hold_contest(forum)
    ]


def require_forum(interaction: discord.Interaction, forum_id: int) -> discord.ForumChannel:
    """Find a forum in which a contest can be. Raises `RejectedError` (round_forum_closed)."""
    forum = next((forum for forum in list_forums(interaction) if forum.id == forum_id), None)
    if forum is None:
        raise RejectedError(make_problem("round_forum_closed"))
    return forum


def apply_forum(interaction: discord.Interaction, settings: ContestSettings, value: str) -> ContestSettings:
    """Choose a forum, or none. Raises `RejectedError` (round_forum_closed): the value comes from a client."""
    if value == NO_FORUM:
        return replace(settings, forum_id=None)
    return replace(settings, forum_id=require_forum(interaction, parse_selected_number(value)).id)


async def open_contest_post(
    interaction: discord.Interaction,
    forum: discord.ForumChannel,
    contest_id: str,
    settings: ContestSettings,
    messages: Messages,
) -> Place:
    """Open the post of a contest, unless an earlier attempt did. Raises `RejectedError` (discord_unavailable)."""
    component_id = compute_component_id(f"contest:{contest_id}")
    start = discord.utils.snowflake_time(int(contest_id))  # when the panel was opened
    try:
        async with asyncio.timeout(FORUM_TIMEOUT_SECONDS):
            post_id = await find_forum_post(interaction.client, forum, component_id, start)
            if post_id is None:
                created = await forum.create_thread(
                    name=truncate_text(settings.theme, THREAD_NAME_LIMIT),
                    view=build_post_view(interaction.user.id, settings, component_id, messages),
                    applied_tags=await choose_first_tags(forum, settings.theme, messages.language),
                    auto_archive_duration=ARCHIVE_AFTER_MINUTES,
                    allowed_mentions=discord.AllowedMentions.none(),
                )
                post_id = created.thread.id
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise RejectedError(make_problem("discord_unavailable")) from error
    return Place(forum.id, post_id)


async def delete_surplus_post(interaction: discord.Interaction, place: Place) -> None:
    """Delete the post that was opened while another bot started the same contest in its own."""
    log.warning("post %d is deleted: another bot started its contest in a post of its own", place.thread_id)
    try:
        async with asyncio.timeout(FORUM_TIMEOUT_SECONDS):
            await interaction.client.http.delete_channel(place.thread_id)
    except (discord.HTTPException, aiohttp.ClientError, OSError):
        log.warning("post %d could not be deleted", place.thread_id, exc_info=True)


def _may_post(forum: discord.ForumChannel, member: discord.Member) -> bool:
    permissions = resolve_permissions(member, forum)
    return all(getattr(permissions, name) for name in _NEEDED_BY_HOST)


def _may_hold_contest(forum: discord.ForumChannel) -> bool:
    permissions = forum.permissions_for(forum.guild.me)
    return not any(list_missing_permissions(permissions, in_thread=in_thread) for in_thread in (False, True))
