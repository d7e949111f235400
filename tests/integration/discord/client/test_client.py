"""Starting and stopping: registering commands, restarting background tasks, finishing what runs."""

import asyncio
import gc
from typing import Any, cast

import discord
import pytest

from bot.discord_client.client import Bot
from bot.discord_client.command_sync import is_in_sync
from bot.lifecycle import StartupError, run_until_stopped, run_with_restarts
from shared.catalogue import load_catalogue
from tests.support.discord_guild import TOKEN, GuildClient, build_bot, connect_bot, wait_until
from tests.support.fake_stores import FakeJobQueue

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def own_guild(
    discord_standin: dict[str, Any], discord_api_base: None, job_queue: FakeJobQueue, http_session: Any
) -> GuildClient:
    del discord_api_base
    job_queue.reset()
    return GuildClient(http_session, discord_standin)


async def list_commands(own_guild: GuildClient) -> list[Any]:
    state = await own_guild.call_api("GET", "/control/state")
    return list(state["commands"])


async def test_commands_are_registered_only_when_they_have_changed(
    own_guild: GuildClient, job_queue: FakeJobQueue, http_session: Any
) -> None:
    catalogue = load_catalogue()
    renamed = load_catalogue('[models."sd3.5-large"]\npicture = "none"')

    async with connect_bot(build_bot(job_queue, http_session, catalogue)):
        first = await list_commands(own_guild)
    async with connect_bot(build_bot(job_queue, http_session, catalogue)) as again:
        second = await list_commands(own_guild)
        assert await is_in_sync(again.tree)
    async with connect_bot(build_bot(job_queue, http_session, renamed)):
        third = await list_commands(own_guild)

    assert [c["version"] for c in first] == [c["version"] for c in second]
    assert [c["version"] for c in third] != [c["version"] for c in second]
    assert "image" not in [option["name"] for option in third[0]["options"]]


async def test_the_gateway_counts_as_alive_until_it_has_been_silent_for_a_while(
    own_guild: GuildClient, job_queue: FakeJobQueue, http_session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = build_bot(job_queue, http_session, load_catalogue())
    assert not bot.is_receiving()

    async with connect_bot(bot):
        await wait_until(bot.is_ready)
        assert bot.is_receiving()
        monkeypatch.setattr("bot.discord_client.client.GATEWAY_SILENCE_SECONDS", 0)
        assert not bot.is_receiving()

    monkeypatch.undo()
    assert not bot.is_receiving()


async def test_a_failed_background_task_is_logged_and_restarted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    delays: list[float] = []
    sleep = asyncio.sleep

    async def record_sleep(seconds: float) -> None:
        delays.append(seconds)
        await sleep(0)

    async def fail_at_once() -> None:
        raise OSError("no disk")

    monkeypatch.setattr("bot.lifecycle.asyncio.sleep", record_sleep)
    task = asyncio.create_task(run_with_restarts("status messages", fail_at_once))
    while len(delays) < 9:
        await sleep(0.001)
    task.cancel()
    await asyncio.wait([task])

    assert delays[:9] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert task.cancelled()
    assert "status messages failed; restarting it in 1 s" in caplog.text


async def test_a_stopping_bot_finishes_running_commands_and_rejects_new_ones(
    own_guild: GuildClient, job_queue: FakeJobQueue, http_session: Any
) -> None:
    may_finish = asyncio.Event()
    job_queue.delay = may_finish.wait()
    async with connect_bot(build_bot(job_queue, http_session, load_catalogue())) as bot:
        await own_guild.create_channel()
        first = await own_guild.invoke_imagine(prompt="a castle")
        await own_guild.wait_for_interaction(first, lambda s: s.get("message", {}).get("content"))
        draining = asyncio.create_task(bot.running_interactions.drain())
        await wait_until(lambda: bot.running_interactions.is_draining)

        second = await own_guild.invoke_imagine(prompt="a tower")
        answer = await own_guild.read_private_answer(second)
        may_finish.set()
        await draining

        assert answer == "I'm just restarting, and didn't take your request. Please try again in a minute."
        assert list(job_queue.jobs) == [first]


async def identify_at_once(shard: int | None, *, initial: bool = False) -> None:
    """Identify without waiting for other shards."""


async def test_a_new_gateway_session_connects_to_the_same_discord(
    own_guild: GuildClient, job_queue: FakeJobQueue, http_session: Any
) -> None:
    async with connect_bot(build_bot(job_queue, http_session, load_catalogue())) as bot:
        bot.before_identify_hook = identify_at_once  # type: ignore[assignment]  # it would wait 5 s
        closed = asyncio.create_task(bot.wait_for("shard_disconnect", timeout=10))
        again = asyncio.create_task(bot.wait_for("shard_connect", timeout=10))
        await asyncio.sleep(0)
        await own_guild.call_api("POST", "/control/gateway", {"op": "invalid_session"})
        await closed
        await again
        await own_guild.create_channel()

        interaction = await own_guild.invoke_imagine(prompt="a castle")
        await wait_until(lambda: interaction in job_queue.jobs)


@pytest.mark.parametrize("event", ["INTERACTION_CREATE", "GUILD_CREATE", "THREAD_CREATE", "CHANNEL_UPDATE"])
async def test_an_event_that_discord_py_cannot_read_is_logged_and_skipped(
    own_guild: GuildClient,
    job_queue: FakeJobQueue,
    http_session: Any,
    caplog: pytest.LogCaptureFixture,
    event: str,
) -> None:
    async with connect_bot(build_bot(job_queue, http_session, load_catalogue())):
        await own_guild.create_channel()
        await own_guild.call_api("POST", "/control/gateway", {"op": f"unreadable:{event}"})
        await wait_until(lambda: f"cannot read an event {event} of Discord; it is skipped" in caplog.text)

        interaction = await own_guild.invoke_imagine(prompt="a castle")
        await wait_until(lambda: interaction in job_queue.jobs)


async def test_a_session_that_discord_py_cannot_read_ends_the_bot_with_advice(
    own_guild: GuildClient, job_queue: FakeJobQueue, http_session: Any
) -> None:
    del own_guild
    bot = build_bot(job_queue, http_session, load_catalogue())
    parse_ready = cast("Any", bot._connection.parsers["READY"])
    bot._connection.parsers["READY"] = lambda data: parse_ready({**data, "user": {}})

    with pytest.raises(StartupError, match=r"cannot read Discord's event READY\. Install the latest release"):
        await run_until_stopped(bot, TOKEN, {}, asyncio.Event())


async def test_background_tasks_run_from_the_login_until_the_bot_stops(
    job_queue: FakeJobQueue, http_session: Any, own_guild: GuildClient
) -> None:
    del own_guild
    events: list[str] = []

    async def work() -> None:
        events.append("started")
        try:
            await asyncio.Event().wait()
        finally:
            events.append("ended")

    bot, stop = build_bot(job_queue, http_session, load_catalogue()), asyncio.Event()
    running = asyncio.create_task(run_until_stopped(bot, TOKEN, {"work": work}, stop))
    await wait_until(lambda: events == ["started"])
    await wait_until(bot.is_ready)
    stop.set()
    await running

    assert events == ["started", "ended"]


async def test_what_is_loaded_by_the_login_is_left_alone_by_the_garbage_collector(
    job_queue: FakeJobQueue, http_session: Any, own_guild: GuildClient
) -> None:
    del own_guild
    frozen: list[int] = []

    async def work() -> None:
        frozen.append(gc.get_freeze_count())

    gc.unfreeze()
    bot, stop = build_bot(job_queue, http_session, load_catalogue()), asyncio.Event()
    running = asyncio.create_task(run_until_stopped(bot, TOKEN, {"work": work}, stop))
    try:
        await wait_until(lambda: frozen)
    finally:
        stop.set()
        await running
        gc.unfreeze()

    assert frozen[0] > 100_000


async def test_a_command_of_an_older_version_is_answered_as_outdated(
    own_guild: GuildClient, job_queue: FakeJobQueue, http_session: Any
) -> None:
    async with connect_bot(build_bot(job_queue, http_session, load_catalogue())) as bot:
        bot.tree.remove_command("imagine")
        await own_guild.create_channel()

        answer = await own_guild.read_private_answer(await own_guild.invoke_imagine(prompt="a castle"))

    assert answer.startswith("This command has changed,")
    assert job_queue.jobs == {}


async def test_the_bot_has_no_privileged_intent_and_mentions_nobody(job_queue: FakeJobQueue, http_session: Any) -> None:
    bot = build_bot(job_queue, http_session, load_catalogue())

    assert isinstance(bot, Bot)
    assert bot.intents == discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
    mentions = bot.allowed_mentions
    assert mentions is not None
    assert (mentions.everyone, mentions.users, mentions.roles, mentions.replied_user) == (False, False, False, False)
