"""Posts of forums: their tags, and finding one again, because they have no nonce.

https://discord.com/developers/docs/resources/channel#start-thread-in-forum-or-media-channel
"""

import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import discord

FORUM_TIMEOUT_SECONDS: Final = 20.0
MAX_FORUM_TAGS: Final = 20
MAX_APPLIED_TAGS: Final = 5
TAG_NAME_LIMIT: Final = 20


async def find_or_create_tags(forum: discord.ForumChannel, wanted: Sequence[Sequence[str]]) -> list[discord.ForumTag]:
    """Find the tags that the bot may apply, each known by any of several names, in one call.

    Those that are missing are created with the first of their names if the bot may manage the forum. Raises
    `discord.HTTPException`.
    """
    permissions = forum.permissions_for(forum.guild.me)
    tags: Sequence[discord.ForumTag] = forum.available_tags
    missing = [names[0][:TAG_NAME_LIMIT] for names in wanted if find_tag(tags, names) is None]
    created = list({name.casefold(): name for name in missing}.values())[: max(0, MAX_FORUM_TAGS - len(tags))]
    if created and permissions.manage_channels:
        edited = await forum.edit(available_tags=[*tags, *(discord.ForumTag(name=name) for name in created)])
        tags = tags if edited is None else edited.available_tags
    found = [tag for names in wanted if (tag := find_tag(tags, names)) is not None]
    return [tag for tag in found if permissions.manage_threads or not tag.moderated]


def find_tag(tags: Iterable[discord.ForumTag], names: Iterable[str]) -> discord.ForumTag | None:
    """Find the first tag that has one of these names; capitals do not matter, and names are cut to 20 characters."""
    known = {name[:TAG_NAME_LIMIT].casefold() for name in names}
    return next((tag for tag in tags if tag.name.casefold() in known), None)


def complete_tags(forum: discord.ForumChannel, tags: Sequence[discord.ForumTag]) -> list[discord.ForumTag]:
    """Limit the tags of a post to five; in a forum that requires one, take its first where there is none."""
    if not tags and forum.flags.require_tag:
        tags = [tag for tag in forum.available_tags if not tag.moderated][:1]
    return list(tags[:MAX_APPLIED_TAGS])


async def find_forum_post(
    client: discord.Client, forum: discord.ForumChannel, component_id: int, start: datetime
) -> int | None:
    """Find the bot's active post whose message has the container of this id. Raises the errors of discord.py."""
    for thread in await forum.guild.active_threads():
        if thread.parent_id != forum.id or discord.utils.snowflake_time(thread.id) < start:
            continue
        with contextlib.suppress(discord.NotFound):
            if is_own_message(await thread.fetch_message(thread.id), client, component_id):
                return thread.id
    return None


def is_own_message(message: discord.Message, client: discord.Client, component_id: int) -> bool:
    """Tell whether the bot posted a message, with the container of this id."""
    if client.user is None or message.author.id != client.user.id:
        return False
    return any(getattr(component, "id", None) == component_id for component in message.components)
