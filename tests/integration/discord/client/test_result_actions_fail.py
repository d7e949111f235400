"""Buttons whose handlers fail: the user gets an explanation in time."""

import asyncio
from typing import Any

import discord
import pytest
from discord import ui

from bot.discord_client.client import Bot
from bot.domain.images import RemoteImage
from bot.domain.messages import MessageRef
from bot.domain.preferences import Preferences
from bot.domain.records import JobRecord
from bot.features.history.custom_ids import FavouritesPageId
from bot.features.preferences.choices import PreferenceSelectId
from bot.features.preferences.command import PreferencesCommand
from bot.features.result_actions.custom_ids import ConfirmDeleteId
from bot.features.result_actions.delete import DeleteHandler
from bot.interactions import deadlines
from bot.interactions.components import Button
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.responses import RenderedMessage, update_message
from bot.interactions.result_buttons import RegenerateId, UseAsSourceId
from bot.results.deletion import ResultDeletion
from bot.results.lookup import ResultLookup
from shared.catalogue import load_catalogue
from tests.support.builders import make_job
from tests.support.commands import UNUSED
from tests.support.discord_guild import GuildClient
from tests.support.fake_stores import EmptyJobHistory, FakeJobQueue

pytestmark = pytest.mark.asyncio(loop_scope="module")

JOB = make_job(1)


class SingleJobHistory(EmptyJobHistory):
    """The history of one job, of ada, whose result is one message."""

    def __init__(self, guild: GuildClient, message: discord.Message) -> None:
        info = guild.info
        requester = JOB.requester.model_copy(update={"id": int(info["users"]["ada"])})
        origin = JOB.origin.model_copy(update={"guild_id": int(info["guild_id"])})
        job = JOB.model_copy(update={"requester": requester, "origin": origin})
        self.record = JobRecord(job, "generated", 7, MessageRef(message.channel.id, message.id), 9.0)
        self.deleted_ids: list[str] = []

    async def find_job(self, job_id: str) -> JobRecord | None:
        return self.record if job_id == JOB.id else None

    async def mark_result_deleted(self, job_id: str) -> None:
        self.deleted_ids.append(job_id)


class UnreadablePreferences:
    """Preferences that cannot be loaded; `fail` is awaited instead."""

    def __init__(self, fail: Any) -> None:
        self.fail = fail

    async def load_preferences(self, user_id: int) -> Preferences:
        await self.fail()
        raise OSError("no disk")

    async def save_preferences(self, user_id: int, preferences: Preferences) -> None:
        raise AssertionError("preferences that could not be loaded are overwritten")


async def post_buttons(bot: Bot, guild: GuildClient, *custom_ids: str) -> discord.Message:
    """Post a message as the bot with buttons of these custom ids."""
    view = ui.View(timeout=None)
    for custom_id in custom_ids:
        view.add_item(Button(label="x", custom_id=custom_id))
    return await bot.get_partial_messageable(int(guild.channel)).send("x", view=view)


async def list_message_ids(guild: GuildClient) -> set[int]:
    """List the ids of the messages in the channel."""
    messages = await guild.call_api("GET", f"/client/channels/{guild.channel}/messages?user=ada")
    return {int(message["id"]) for message in messages}


async def refuse_download(source: RemoteImage) -> bytes:
    raise AssertionError("nothing is to be downloaded")


async def wait_forever() -> None:
    await asyncio.Event().wait()


async def test_the_client_keeps_no_view_of_a_message_in_memory(running_bot: Bot, guild: GuildClient) -> None:
    await post_buttons(running_bot, guild, str(RegenerateId(JOB.id)), str(UseAsSourceId(JOB.id)))

    assert list(running_bot.persistent_views) == []


async def test_a_lookup_that_takes_too_long_is_rejected_while_discord_still_waits(
    running_bot: Bot, guild: GuildClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look_up_forever(interaction: discord.Interaction, custom_id: RegenerateId) -> None:
        async with limit_lookup_time(interaction):
            await wait_forever()

    monkeypatch.setattr(deadlines, "LOOKUP_TIMEOUT_SECONDS", 0.05)
    monkeypatch.setitem(running_bot.router.handlers, RegenerateId, look_up_forever)
    message = await post_buttons(running_bot, guild, str(RegenerateId(JOB.id)))

    answer = await guild.read_private_answer(await guild.press_button(str(message.id), str(RegenerateId(JOB.id))))

    assert answer.startswith("Looking that up took too long.")


async def test_a_message_that_cannot_be_updated_stays_as_it_is_and_the_user_is_told(
    running_bot: Bot, guild: GuildClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail_to_render(interaction: discord.Interaction, custom_id: FavouritesPageId) -> None:
        async def raise_error() -> RenderedMessage:
            raise OSError("no disk")

        await update_message(interaction, raise_error)

    monkeypatch.setitem(running_bot.router.handlers, FavouritesPageId, fail_to_render)
    message = await post_buttons(running_bot, guild, str(FavouritesPageId(2)))

    pressed = await guild.press_button(str(message.id), str(FavouritesPageId(2)))
    state = await guild.wait_for_interaction(pressed, lambda state: state["followups"])

    assert "Something went wrong. It's the bot's fault" in state["followups"][0]["content"]
    assert state["followups"][0]["flags"] & 64
    assert message.id in await list_message_ids(guild)


@pytest.mark.parametrize("fail", [wait_forever, lambda: asyncio.sleep(0)])
async def test_nothing_is_published_while_it_is_unknown_whether_the_user_wants_it_private(
    running_bot: Bot, guild: GuildClient, job_queue: FakeJobQueue, monkeypatch: pytest.MonkeyPatch, fail: Any
) -> None:
    monkeypatch.setattr(deadlines, "LOOKUP_TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(running_bot.running_interactions, "preferences_store", UnreadablePreferences(fail))

    answer = await guild.read_private_answer(await guild.invoke_imagine(prompt="a castle"))

    assert answer.startswith("Looking that up took too long.")
    assert job_queue.jobs == {}


async def test_preferences_that_could_not_be_loaded_are_not_overwritten(
    running_bot: Bot, guild: GuildClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    preferences_store: Any = UnreadablePreferences(lambda: asyncio.sleep(0))
    monkeypatch.setattr(running_bot.running_interactions, "preferences_store", preferences_store)
    change_choice = PreferencesCommand(preferences_store, load_catalogue()).change_choice
    monkeypatch.setitem(running_bot.router.handlers, PreferenceSelectId, change_choice)
    custom_id = str(PreferenceSelectId("ping"))
    message = await post_buttons(running_bot, guild, custom_id)

    answer = await guild.read_private_answer(await guild.press_button(str(message.id), custom_id))

    assert answer.startswith("Looking that up took too long.")


async def test_a_result_and_the_copy_whose_button_was_used_are_deleted_together(
    running_bot: Bot, guild: GuildClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await post_buttons(running_bot, guild, f"delete:{JOB.id}")
    copy = await post_buttons(running_bot, guild, f"delete:{JOB.id}", f"delete_confirm:{JOB.id}")
    history = SingleJobHistory(guild, answer)
    lookup = ResultLookup(history, history, history, refuse_download)
    delete = DeleteHandler(ResultDeletion(lookup, UNUSED)).delete_result
    monkeypatch.setitem(running_bot.router.handlers, ConfirmDeleteId, delete)

    await guild.press_button(str(copy.id), f"delete_confirm:{JOB.id}")

    async with asyncio.timeout(8):
        while await list_message_ids(guild) & {answer.id, copy.id}:  # noqa: ASYNC110 - the state is in another process
            await asyncio.sleep(0.02)
    assert history.deleted_ids == [JOB.id]


async def test_a_message_that_discord_does_not_return_is_explained(
    running_bot: Bot, guild: GuildClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = await post_buttons(running_bot, guild, f"delete:{JOB.id}")
    elsewhere = await post_buttons(running_bot, guild, f"use_as_source:{JOB.id}")
    history = SingleJobHistory(guild, result)

    async def find_image(interaction: discord.Interaction, custom_id: UseAsSourceId) -> None:
        await ResultLookup(history, history, history, refuse_download).find_result_image(interaction, custom_id.job_id)

    monkeypatch.setitem(running_bot.router.handlers, UseAsSourceId, find_image)
    match = {"method": "GET", "path_regex": f"/messages/{result.id}$"}
    await guild.call_api("POST", "/control/faults", {"match": match, "action": "status:503", "times": 1})

    answer = await guild.read_private_answer(await guild.press_button(str(elsewhere.id), f"use_as_source:{JOB.id}"))

    assert answer.startswith("Discord isn't responding as it should")
