"""What the bot says unasked: in a new server, to a mention and in direct messages. It says nothing else."""

import asyncio
from typing import Any

import pytest

from bot.discord_client.client import Bot
from shared.catalogue import load_catalogue
from tests.support.discord_guild import GuildClient, build_bot, connect_bot
from tests.support.fake_stores import FakeJobQueue

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEND_MESSAGES = 1 << 11


async def wait_for_texts(guild: GuildClient, channel: str, count: int) -> list[str]:
    """Wait until the bot has written this many messages in a channel."""
    async with asyncio.timeout(8):
        while len(await guild.list_texts(channel)) < count:  # noqa: ASYNC110 - the state is in another process
            await asyncio.sleep(0.02)
    return await guild.list_texts(channel)


async def wait_until_handled(guild: GuildClient) -> None:
    """Wait until events that came before are handled: a later mention in another channel is answered."""
    channel = await guild.call_api("POST", "/control/channels", {"name": "later"})
    await guild.post_text(f"<@{guild.info['application_id']}>", channel=channel["id"])
    await wait_for_texts(guild, channel["id"], 1)


async def test_a_mention_is_answered_once_in_a_while(guild: GuildClient) -> None:
    channel = await guild.create_channel()

    await guild.post_text(f"hey <@{guild.info['application_id']}>, what can you do?")
    (answer,) = await wait_for_texts(guild, channel, 1)
    for text in (f"<@{guild.info['application_id']}> again", "no mention", "@everyone"):
        await guild.post_text(text, user="ben")
    await wait_until_handled(guild)

    assert answer.startswith("Hello! Type `/imagine`")
    assert await guild.list_texts(channel) == [answer]


async def test_a_mention_where_the_bot_may_not_write_is_left_alone(guild: GuildClient) -> None:
    channel = await guild.create_channel()
    await guild.call_api("PUT", f"/control/permissions/{channel}", {"deny": str(SEND_MESSAGES)})

    await guild.post_text(f"<@{guild.info['application_id']}>")
    await wait_until_handled(guild)

    assert await guild.list_texts(channel) == []


async def test_a_direct_message_is_answered_once_in_an_hour_and_commands_work_there(guild: GuildClient) -> None:
    await guild.call_api("POST", "/control/users", {"name": "dora"})
    direct = (await guild.call_api("POST", "/control/dms", {"user": "dora"}))["id"]

    await guild.post_text("help", user="dora", channel=direct)
    (text,) = await wait_for_texts(guild, direct, 1)
    await guild.post_text("are you there?", user="dora", channel=direct)
    await wait_until_handled(guild)
    asked = await guild.invoke_command("help", user="dora", channel=direct)
    shown = await guild.wait_for_interaction(asked, lambda state: state.get("message", {}).get("components"))

    assert text.startswith("Hello! I read commands only.")
    assert await guild.list_texts(direct) == [text]
    assert "What would you like to do?" in str(shown["message"]["components"])


async def test_a_new_server_is_greeted_once_by_two_bots_and_not_again_after_an_outage(
    running_bot: Bot, guild: GuildClient, http_session: Any
) -> None:
    async with connect_bot(build_bot(FakeJobQueue(), http_session, load_catalogue())) as other:
        await asyncio.gather(running_bot.wait_until_ready(), other.wait_until_ready())
        joined = await guild.call_api("POST", "/control/guilds", {"name": "New"})
        channel = joined["channels"][0]["id"]
        (text,) = await wait_for_texts(guild, channel, 1)
        await guild.call_api("POST", "/control/guild/outage", {"guild_id": joined["id"]})
        await guild.call_api("POST", "/control/gateway", {"op": "reconnect"})
        await wait_until_handled(guild)
    await guild.call_api("POST", "/control/guild/remove", {"guild_id": joined["id"]})

    assert text.startswith("Hello! I make pictures from words")
    assert await guild.list_texts(channel) == [text]


async def test_the_greeting_is_in_the_servers_language_in_its_system_channel_or_nowhere(guild: GuildClient) -> None:
    removed = await guild.call_api("POST", "/control/guilds", {"name": "Français"})
    general, system = removed["channels"][0]["id"], None
    for name in ("closed", "accueil"):
        system = await guild.call_api("POST", "/control/channels", {"name": name, "guild_id": removed["id"]})
    assert system is not None
    await wait_for_texts(guild, general, 1)
    await guild.call_api("POST", "/control/guild/remove", {"guild_id": removed["id"]})
    changes = {"guild_id": removed["id"], "preferred_locale": "fr", "system_channel_id": system["id"]}
    await guild.call_api("PATCH", "/control/guild", changes)

    await guild.call_api("POST", "/control/guild/add", {"guild_id": removed["id"]})

    (text,) = await wait_for_texts(guild, system["id"], 1)
    await guild.call_api("POST", "/control/guild/remove", {"guild_id": removed["id"]})
    assert text.startswith("Bonjour")
    assert len(await guild.list_texts(general)) == 1
