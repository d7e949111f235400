"""The status message of a private request, before and after the request is taken on."""

import asyncio
from typing import Any

import pytest

from bot.discord_client.client import Bot
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.preferences import Preferences
from shared.job import Job
from tests.support.discord_guild import FakeJobQueue, FakeSubmissionStore, GuildClient

pytestmark = pytest.mark.asyncio(loop_scope="module")


class PrivatePreferences:
    """Someone who prefers private results."""

    async def load_preferences(self, user_id: int) -> Preferences:
        return Preferences(private=True)


async def test_a_direct_message_promises_nothing_before_it_is_written_down_and_goes_if_that_fails(
    running_bot: Bot,
    guild: GuildClient,
    queue: FakeJobQueue,
    records: FakeSubmissionStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def messages(channel: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await guild.call_api("GET", "/control/state"))["messages"].get(str(channel), [])
        return found

    async def accepted(job: Job, source: RemoteImage | StoredImage | None) -> bool:
        written_to.append(job.origin.channel_id)
        seen.extend(await messages(job.origin.channel_id))
        raise OSError("no disk")

    written_to: list[int] = []
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(running_bot.tree, "preferences_store", PrivatePreferences())
    monkeypatch.setattr(records, "add_job", accepted)

    told = await guild.read_private_answer(await guild.invoke_imagine(prompt="a castle"))

    assert "The bot has a fault of its own." in told
    assert [(message["content"], message["components"]) for message in seen] == [("One moment, please.", [])]
    async with asyncio.timeout(8):
        while [message for message in await messages(written_to[0]) if not message.get("deleted")]:  # noqa: ASYNC110 - another process is asked
            await asyncio.sleep(0.02)
    assert queue.jobs == {}
