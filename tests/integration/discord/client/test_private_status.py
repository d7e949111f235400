"""The status message of a private request."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from bot.discord_client.client import Bot
from bot.domain.budgets import Spender
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.preferences import Preferences
from shared.job import Job
from tests.support.discord_guild import GuildClient
from tests.support.fake_stores import FakeJobQueue, FakeSubmissionStore

pytestmark = pytest.mark.asyncio(loop_scope="module")


class PrivatePreferences:
    """The preferences of a user who wants private results."""

    async def load_preferences(self, user_id: int) -> Preferences:
        return Preferences(private=True)


async def test_a_direct_status_message_promises_nothing_before_the_job_is_stored_and_is_deleted_if_that_fails(
    running_bot: Bot,
    guild: GuildClient,
    job_queue: FakeJobQueue,
    submission_store: FakeSubmissionStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def list_messages(channel: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await guild.call_api("GET", "/control/state"))["messages"].get(str(channel), [])
        return found

    async def fail_to_store(jobs: Sequence[Job], source: RemoteImage | StoredImage | None, spender: Spender) -> bool:
        (job,) = jobs
        channel_ids.append(job.origin.channel_id)
        messages.extend(await list_messages(job.origin.channel_id))
        raise OSError("no disk")

    channel_ids: list[int] = []
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr(running_bot.running_interactions, "preferences_store", PrivatePreferences())
    monkeypatch.setattr(submission_store, "add_jobs", fail_to_store)

    answer = await guild.read_private_answer(await guild.invoke_imagine(prompt="a castle"))

    assert "Something went wrong. It's the bot's fault" in answer
    assert [(message["content"], message["components"]) for message in messages] == [("One moment, please.", [])]
    async with asyncio.timeout(8):
        while [message for message in await list_messages(channel_ids[0]) if not message.get("deleted")]:  # noqa: ASYNC110 - the state is in another process
            await asyncio.sleep(0.02)
    assert job_queue.jobs == {}
