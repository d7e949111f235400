"""The tags of a contest's post in a forum: its state and, once it has ended, whether it has a winner.

They are found by their names in any language, and created where the bot may manage the forum.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import aiohttp
import discord

from bot.delivery.destinations import CALL_TIMEOUT_SECONDS
from bot.discord_client.forum_posts import MAX_APPLIED_TAGS, complete_tags, find_or_create_tags, find_tag
from bot.discord_client.sharded_client import load_guild
from bot.domain.rounds import Contest, Phase
from shared.i18n.messages import list_languages, load_messages

log = logging.getLogger(__name__)

_STATES: Final[Mapping[Phase, str]] = MappingProxyType(
    {Phase.VOTING: "voting", Phase.RUNOFF: "voting", Phase.DECIDING: "voting", Phase.ENDED: "ended"}
)
_WINNER: Final = "winner"
_ENTERING: Final = "entering"
_TAGS: Final = (_ENTERING, "voting", "ended", _WINNER)


def list_tag_names(tag: str, locale: str) -> list[str]:
    """List the names of a tag: first that in the language of the contest, then those in the others."""
    names = [load_messages(language).text(f"round_tag.{tag}") for language in (locale, *list_languages())]
    return list(dict.fromkeys(names))


def list_tags(contest: Contest, *, has_winner: bool) -> list[str]:
    """List the tags that fit a contest now."""
    state = _STATES.get(contest.phase, _ENTERING)
    return [state, _WINNER] if has_winner and not contest.is_open else [state]


def replace_tags(
    applied: Sequence[discord.ForumTag], tags: Sequence[discord.ForumTag], locale: str
) -> list[discord.ForumTag]:
    """Put these tags in place of those that the bot applied before; a post keeps the others, up to five in all."""
    names = [name for tag in _TAGS for name in list_tag_names(tag, locale)]
    others = [tag for tag in applied if find_tag([tag], names) is None]
    return [*tags, *others][:MAX_APPLIED_TAGS]


async def choose_first_tags(forum: discord.ForumChannel, theme: str, locale: str) -> list[discord.ForumTag]:
    """Choose the tags of a new post: that of its state, and one that is called as its theme if the forum has it.

    All that the post will need are created at once. Raises the errors of discord.py.
    """
    wanted = [list_tag_names(tag, locale) for tag in _TAGS]
    try:
        tags = await find_or_create_tags(forum, wanted)
    except discord.HTTPException:
        log.warning("forum %d: its tags cannot be created", forum.id, exc_info=True)
        tags = [tag for tag in forum.available_tags if not tag.moderated]
    entering = find_tag(tags, wanted[0])
    theme_tag = find_tag((tag for tag in forum.available_tags if not tag.moderated), [theme])
    return complete_tags(forum, list(dict.fromkeys(tag for tag in (entering, theme_tag) if tag is not None)))


async def update_post_tags(client: discord.Client, contest: Contest, *, has_winner: bool) -> None:
    """Show the state of a contest in the tags of its post, if they do not yet. A failure is logged."""
    if contest.settings.forum_id is None:
        return
    try:
        async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
            await load_guild(client, contest.guild_id)
            guild = client.get_guild(contest.guild_id)
            forum = guild.get_channel(contest.settings.forum_id) if guild else None
            if guild is None or not isinstance(forum, discord.ForumChannel):
                return
            post = guild.get_thread(contest.thread_id) or await guild.fetch_channel(contest.thread_id)
            if not isinstance(post, discord.Thread):
                return
            names = [list_tag_names(tag, contest.locale) for tag in list_tags(contest, has_winner=has_winner)]
            tags = replace_tags(post.applied_tags, await find_or_create_tags(forum, names), contest.locale)
            if {tag.id for tag in tags} != {tag.id for tag in post.applied_tags}:
                await post.edit(applied_tags=complete_tags(forum, tags))
    except (discord.DiscordException, aiohttp.ClientError, OSError):
        log.warning("contest %s: the tags of its post cannot be changed", contest.id, exc_info=True)
