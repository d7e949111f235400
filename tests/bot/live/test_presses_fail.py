"""Presses on a stand-in for Discord that fail: whatever does not answer, the person gets words, and soon."""

import asyncio
from typing import Any

import discord
import pytest
from discord import ui

from bot.client import Bot
from bot.commands.preferences import ShowPreferences
from bot.interactions import patience
from bot.interactions.patience import looking_up
from bot.interactions.showing import Shown, turn
from bot.ports import Past, Preferences, Source, Told
from bot.presses.delete import DeleteYes
from bot.recall import Recall
from bot.views import JobButton, Press
from shared.catalogue import load_catalogue
from tests.bot.live.stage import Guild, MemoryQueue, NothingPast
from tests.bot.records.desk import job

pytestmark = pytest.mark.asyncio(loop_scope="module")

JOB = job(1)


class OnePast(NothingPast):
    """One job of ada's, told in one message."""

    def __init__(self, guild: Guild, message: discord.Message) -> None:
        about = guild.about
        requester = JOB.requester.model_copy(update={"id": int(about["users"]["ada"])})
        place = JOB.place.model_copy(update={"guild": int(about["guild_id"])})
        asked = JOB.model_copy(update={"requester": requester, "place": place})
        self.found = Past(asked, "generated", 7, Told(message.channel.id, message.id), 9.0)
        self.noted: list[str] = []

    async def past(self, job_id: str) -> Past | None:
        return self.found if job_id == JOB.id else None

    async def deleted(self, job_id: str) -> None:
        self.noted.append(job_id)


class Unreadable:
    """Preferences that cannot be read: each `trouble` is awaited instead."""

    def __init__(self, trouble: Any) -> None:
        self.trouble = trouble

    async def preferences(self, user: int) -> Preferences:
        await self.trouble()
        raise OSError("no disk")

    async def prefer(self, user: int, preferences: Preferences) -> None:
        raise AssertionError("what was chosen before is replaced")


async def bearing(bot: Bot, guild: Guild, *written: str) -> discord.Message:
    """Post a message of the bot's with buttons of these custom ids."""
    view = ui.View(timeout=None)
    for one in written:
        view.add_item(JobButton(ui.Button(label="x", custom_id=one)))
    return await bot.get_partial_messageable(int(guild.channel)).send("x", view=view)


async def stands(guild: Guild) -> set[int]:
    """List the messages that stand in the channel."""
    messages = await guild.call("GET", f"/client/channels/{guild.channel}/messages?user=ada")
    return {int(message["id"]) for message in messages}


async def no_picture(source: Source) -> bytes:
    raise AssertionError("nothing is downloaded here")


async def for_ever() -> None:
    await asyncio.Event().wait()


async def test_what_is_looked_up_for_too_long_is_refused_while_discord_waits(
    running_bot: Bot, guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(interaction: discord.Interaction, press: Press) -> None:
        async with looking_up(interaction):
            await for_ever()

    monkeypatch.setattr(patience, "LOOK_SECONDS", 0.05)
    monkeypatch.setitem(running_bot.presses, "again", slow)
    message = await bearing(running_bot, guild, f"again:{JOB.id}")

    words = await guild.private_answer(await guild.press(str(message.id), f"again:{JOB.id}"))

    assert words.startswith("That could not be looked up in time.")


async def test_a_message_that_could_not_be_changed_stays_as_it_is_and_its_person_is_told(
    running_bot: Bot, guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(interaction: discord.Interaction, press: Press) -> None:
        async def make() -> Shown:
            raise OSError("no disk")

        await turn(interaction, make)

    monkeypatch.setitem(running_bot.presses, "page", broken)
    message = await bearing(running_bot, guild, "page:0:2")

    pressed = await guild.press(str(message.id), "page:0:2")
    state = await guild.until(pressed, lambda state: state["followups"])

    assert "The bot has a fault of its own." in state["followups"][0]["content"]
    assert state["followups"][0]["flags"] & 64
    assert message.id in await stands(guild)


@pytest.mark.parametrize("trouble", [for_ever, lambda: asyncio.sleep(0)])
async def test_nothing_is_made_public_of_who_may_prefer_it_private(
    running_bot: Bot, guild: Guild, queue: MemoryQueue, monkeypatch: pytest.MonkeyPatch, trouble: Any
) -> None:
    monkeypatch.setattr(patience, "LOOK_SECONDS", 0.5)
    monkeypatch.setattr(running_bot.tree, "people", Unreadable(trouble))

    words = await guild.private_answer(await guild.invoke(prompt="a castle"))

    assert words.startswith("That could not be looked up in time.")
    assert queue.jobs == {}


async def test_what_was_chosen_is_not_replaced_where_it_could_not_be_read(
    running_bot: Bot, guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    people: Any = Unreadable(lambda: asyncio.sleep(0))
    monkeypatch.setattr(running_bot.tree, "people", people)
    changed = ShowPreferences(people, load_catalogue()).changed
    monkeypatch.setitem(running_bot.presses, "prefer", changed)
    message = await bearing(running_bot, guild, "prefer:0:pings-on")

    words = await guild.private_answer(await guild.press(str(message.id), "prefer:0:pings-on"))

    assert words.startswith("That could not be looked up in time.")


async def test_a_copy_and_the_answer_itself_are_deleted_together(
    running_bot: Bot, guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await bearing(running_bot, guild, f"delete:{JOB.id}")
    copy = await bearing(running_bot, guild, f"delete:{JOB.id}", f"delete_yes:{JOB.id}")
    past = OnePast(guild, answer)
    delete = DeleteYes(Recall(past, past, no_picture))
    monkeypatch.setitem(running_bot.presses, "delete_yes", delete)

    await guild.press(str(copy.id), f"delete_yes:{JOB.id}")

    async with asyncio.timeout(8):
        while await stands(guild) & {answer.id, copy.id}:  # noqa: ASYNC110 - another process is asked
            await asyncio.sleep(0.02)
    assert past.noted == [JOB.id]


async def test_a_message_that_discord_does_not_give_is_said_in_words(
    running_bot: Bot, guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await bearing(running_bot, guild, f"delete:{JOB.id}")
    elsewhere = await bearing(running_bot, guild, f"source:{JOB.id}")
    past = OnePast(guild, answer)

    async def going_on(interaction: discord.Interaction, press: Press) -> None:
        await Recall(past, past, no_picture).result(interaction, press.job_id)

    monkeypatch.setitem(running_bot.presses, "source", going_on)
    match = {"method": "GET", "path_regex": f"/messages/{answer.id}$"}
    await guild.call("POST", "/control/faults", {"match": match, "action": "status:503", "times": 1})

    words = await guild.private_answer(await guild.press(str(elsewhere.id), f"source:{JOB.id}"))

    assert words.startswith("That could not be done. Discord does not answer as it should.")
