"""Starting and stopping: commands written when they changed, background work kept alive, an orderly end."""

import asyncio
from typing import Any

import discord
import pytest

from bot.discord_client.client import Bot
from bot.discord_client.command_sync import is_in_sync
from bot.lifecycle import run_until_stopped, run_with_restarts
from shared.catalogue import load_catalogue
from tests.support.discord_guild import TOKEN, FakeJobQueue, GuildClient, build_bot, connect_bot, wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def stage(discord_server: dict[str, Any], route_base: None, queue: FakeJobQueue, session: Any) -> GuildClient:
    del route_base
    queue.reset()
    return GuildClient(session, discord_server)


async def list_commands(stage: GuildClient) -> list[Any]:
    state = await stage.call_api("GET", "/control/state")
    return list(state["commands"])


async def test_the_commands_are_written_when_they_changed_and_only_then(
    stage: GuildClient, queue: FakeJobQueue, session: Any
) -> None:
    catalogue = load_catalogue()
    renamed = load_catalogue('[models.sdxl]\nname = "SDXL of ours"')

    async with connect_bot(build_bot(queue, session, catalogue)):
        first = await list_commands(stage)
    async with connect_bot(build_bot(queue, session, catalogue)) as again:
        second = await list_commands(stage)
        assert await is_in_sync(again.tree)
    async with connect_bot(build_bot(queue, session, renamed)):
        third = await list_commands(stage)

    assert [c["version"] for c in first] == [c["version"] for c in second]
    assert [c["version"] for c in third] != [c["version"] for c in second]
    assert "SDXL of ours (retired)" in [choice["name"] for o in third[0]["options"] for choice in o.get("choices", [])]


async def test_background_work_that_dies_is_logged_and_started_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def short(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    async def dying() -> None:
        raise OSError("no disk")

    monkeypatch.setattr("bot.lifecycle.asyncio.sleep", short)
    task = asyncio.create_task(run_with_restarts("the board", dying))
    while len(pauses) < 9:
        await sleep(0.001)
    task.cancel()
    await asyncio.wait([task])

    assert pauses[:9] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert task.cancelled()
    assert "the board failed; restarting it in 1 s" in caplog.text


async def test_a_command_in_hand_is_finished_before_the_end_and_a_new_one_is_sent_away(
    stage: GuildClient, queue: FakeJobQueue, session: Any
) -> None:
    gate = asyncio.Event()
    queue.delay = gate.wait()
    async with connect_bot(build_bot(queue, session, load_catalogue())) as bot:
        await stage.create_channel()
        first = await stage.invoke_imagine(prompt="a castle")
        await stage.wait_for_interaction(first, lambda s: s.get("message", {}).get("content"))
        draining = asyncio.create_task(bot.running_interactions.drain())
        await wait_until(lambda: bot.running_interactions.is_draining)

        second = await stage.invoke_imagine(prompt="a tower")
        answer = await stage.read_private_answer(second)
        gate.set()
        await draining

        assert answer == "The bot is restarting. Nothing was queued. Ask again in a minute."
        assert list(queue.jobs) == [first]
        assert list(queue.threads) == [first]


async def identify_at_once(shard: int | None, *, initial: bool = False) -> None:
    """Identify without waiting for the others."""


async def test_a_session_that_ended_is_begun_anew_at_the_same_discord(
    stage: GuildClient, queue: FakeJobQueue, session: Any
) -> None:
    async with connect_bot(build_bot(queue, session, load_catalogue())) as bot:
        bot.before_identify_hook = identify_at_once  # type: ignore[assignment]  # it would wait 5 s
        closed = asyncio.create_task(bot.wait_for("shard_disconnect", timeout=10))
        again = asyncio.create_task(bot.wait_for("shard_connect", timeout=10))
        await asyncio.sleep(0)
        await stage.call_api("POST", "/control/gateway", {"op": "invalid_session"})
        await closed
        await again
        await stage.create_channel()

        interaction = await stage.invoke_imagine(prompt="a castle")
        await wait_until(lambda: interaction in queue.jobs)


async def test_background_work_runs_while_connected_and_ends_with_it(
    queue: FakeJobQueue, session: Any, stage: GuildClient
) -> None:
    del stage
    seen: list[str] = []

    async def work() -> None:
        seen.append("started")
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("ended")

    bot, stop = build_bot(queue, session, load_catalogue()), asyncio.Event()
    running = asyncio.create_task(run_until_stopped(bot, TOKEN, {"work": work}, stop))
    await wait_until(lambda: seen == ["started"])
    await wait_until(bot.is_ready)
    stop.set()
    await running

    assert seen == ["started", "ended"]


async def test_a_command_of_an_older_version_is_answered_in_words(
    stage: GuildClient, queue: FakeJobQueue, session: Any
) -> None:
    async with connect_bot(build_bot(queue, session, load_catalogue())) as bot:
        bot.tree.remove_command("imagine")
        await stage.create_channel()

        answer = await stage.read_private_answer(await stage.invoke_imagine(prompt="a castle"))

    assert answer.startswith("This command has changed.")
    assert queue.jobs == {}


async def test_only_the_guilds_intent_and_no_mentions(queue: FakeJobQueue, session: Any) -> None:
    bot = build_bot(queue, session, load_catalogue())

    assert isinstance(bot, Bot)
    assert bot.intents == discord.Intents(guilds=True)
    mentions = bot.allowed_mentions
    assert mentions is not None
    assert (mentions.everyone, mentions.users, mentions.roles, mentions.replied_user) == (False, False, False, False)
