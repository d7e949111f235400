"""A contest's post in a forum of the stand-in: opened once, also after a crash, with tags that follow its state."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import discord

from bot.domain.rounds import Contest, Phase
from bot.features.rounds.forum_place import delete_surplus_post, open_contest_post
from bot.rounds.forum_tags import update_post_tags
from shared.i18n.messages import load_messages
from tests.support.discord_channel import DiscordChannel
from tests.support.rounds import make_contest

FRENCH = load_messages("fr")


async def find_forum(client: discord.Client, discord_channel: DiscordChannel) -> discord.ForumChannel:
    """Create a forum with the tag “Ended” that the bot does not manage, and wait until the client knows it."""
    created = await discord_channel.call_control("POST", "channels", {"name": "contests", "type": 15})
    tags = {"available_tags": [{"name": "Ended"}, {"name": "VOTING"}]}
    await discord_channel.call_control("PATCH", f"channels/{created['id']}", tags)
    guild = client.get_guild(discord_channel.guild_id)
    assert guild is not None
    async with asyncio.timeout(5):
        while True:
            forum = guild.get_channel(int(created["id"]))
            if isinstance(forum, discord.ForumChannel) and len(forum.available_tags) == 2:
                return forum
            await asyncio.sleep(0.02)


async def list_posts(discord_channel: DiscordChannel, forum_id: int) -> list[dict[str, Any]]:
    channels = (await discord_channel.call_control("GET", "state"))["channels"]
    return [channel for channel in channels if channel.get("parent_id") == str(forum_id)]


async def read_tags(discord_channel: DiscordChannel, forum: discord.ForumChannel) -> list[str]:
    (post,) = await list_posts(discord_channel, forum.id)
    names = {str(tag.id): tag.name for tag in forum.available_tags}
    return [names[tag] for tag in post.get("applied_tags", [])]


async def open_post(client: discord.Client, forum: discord.ForumChannel) -> Contest:
    """Open the post of a contest whose host opened the panel just now."""
    contest = make_contest(forum_id=forum.id)
    panel_id = str(discord.utils.time_snowflake(discord.utils.utcnow()))
    interaction: Any = SimpleNamespace(client=client, user=SimpleNamespace(id=contest.host_id))
    first = await open_contest_post(interaction, forum, panel_id, contest.settings, FRENCH)
    again = await open_contest_post(interaction, forum, panel_id, contest.settings, FRENCH)  # a bot after a crash
    assert again == first
    return replace(contest, guild_id=forum.guild.id, channel_id=forum.id, thread_id=first.thread_id, locale="fr")


async def test_a_post_that_was_opened_and_not_recorded_is_found_and_its_tags_follow_the_state(
    discord_channel: DiscordChannel,
) -> None:
    async with discord_channel.connect_gateway() as client:
        forum = await find_forum(client, discord_channel)
        contest = await open_post(client, forum)
        shown = [await read_tags(discord_channel, forum)]
        for phase in (Phase.VOTING, Phase.ENDED):
            await update_post_tags(client, replace(contest, phase=phase), has_winner=True)
            shown.append(await read_tags(discord_channel, forum))

        assert shown == [[], ["VOTING"], ["Ended"]]


async def test_tags_that_cannot_be_changed_hold_nothing_up(discord_channel: DiscordChannel) -> None:
    async with discord_channel.connect_gateway() as client:
        forum = await find_forum(client, discord_channel)
        contest = await open_post(client, forum)
        await discord_channel.inject_fault("status:403", "PATCH", f"/channels/{contest.thread_id}")

        await update_post_tags(client, replace(contest, phase=Phase.VOTING), has_winner=False)
        refused = await read_tags(discord_channel, forum)
        await update_post_tags(client, replace(contest, phase=Phase.VOTING), has_winner=False)

        assert refused == []
        assert await read_tags(discord_channel, forum) == ["VOTING"]


async def test_the_post_of_the_bot_that_came_second_is_deleted(discord_channel: DiscordChannel) -> None:
    async with discord_channel.connect_gateway() as client:
        forum = await find_forum(client, discord_channel)
        contest = await open_post(client, forum)
        interaction: Any = SimpleNamespace(client=client)
        await discord_channel.call_control("PUT", f"permissions/{forum.id}", {"allow": str(1 << 34)})

        await delete_surplus_post(interaction, SimpleNamespace(thread_id=contest.thread_id))  # type: ignore[arg-type]

        assert await list_posts(discord_channel, forum.id) == []
