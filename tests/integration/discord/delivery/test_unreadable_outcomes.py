"""Outcomes that this release cannot read: told in words, held if there is a picture, and never in the way of others."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from bot.delivery import unreadable
from bot.domain.messages import MessageRef
from bot.domain.records import ClosedRecord
from bot.domain.status import JobStatus, QueueState
from bot.domain.unreadable import JobOwner, UnreadableJob
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import Failed
from shared.problems import make_problem
from tests.support.delivery import FakeOutcomeStream, make_consumer
from tests.support.discord_channel import DiscordChannel, make_generated, read_text, run_in_background
from tests.support.images import make_png


class OwnerStore:
    """A `DeliveryStore` that knows the owner of every job from its columns."""

    def __init__(self, owner: JobOwner | None = None) -> None:
        self.owner = owner
        self.delivered: list[JobStatus] = []

    async def load_closed_record(self, job_id: str) -> ClosedRecord | None:
        return None

    async def load_owner(self, job_id: str) -> JobOwner | None:
        return self.owner

    async def mark_delivered(self, status: JobStatus, message: MessageRef | None, image: bytes | None = None) -> None:
        self.delivered.append(status)


def make_unreadable(job_id: str, **known: Any) -> UnreadableJob:
    nothing = UnreadableJob(job_id, ValueError(), QueueState.FINISHED, time.time(), None, None, 0, None, None, None)
    return replace(nothing, **known)


def make_owner(job: Job) -> JobOwner:
    return JobOwner(requester=job.requester, origin=job.origin, accepted_at=job.accepted_at)


async def wait_until_held(discord_channel: DiscordChannel, job: Job) -> None:
    async with asyncio.timeout(8):
        while "once the bot" not in await discord_channel.read_status(job):  # noqa: ASYNC110 - it is in a process
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("locale", ["en-US", "fr"])
@pytest.mark.parametrize("known_by", ["the job", "a part of the job", "the records"])
async def test_an_outcome_without_a_picture_ends_in_words_in_the_language_of_its_owner(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue, locale: str, known_by: str
) -> None:
    job = await discord_channel.submit_job(locale=locale)
    thread = await discord_channel.open_thread(job)
    known_parts: dict[str, Any] = {"the job": {"job": job}, "a part of the job": {"owner": make_owner(job)}}
    known = known_parts.get(known_by, {})
    outcome_stream.unreadable_jobs[job.id] = make_unreadable(job.id, thread_id=thread, calls=1, **known)
    outcome_stream.redeliver(job)
    store = OwnerStore(make_owner(job))

    async with run_in_background(make_consumer(discord_channel.client, outcome_stream, catalogue, store=store).run):
        await outcome_stream.wait_until_delivered(job)

    [message] = await discord_channel.list_messages(thread)
    said = "une autre version du bot" if locale == "fr" else "another release of the bot"
    assert said in read_text(message)
    [status] = store.delivered
    assert (status.job.id, status.unknown_calls) == (job.id, 1)  # whether the call was paid for is not known


async def test_a_failure_of_an_unreadable_job_is_told_as_it_is(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    job = await discord_channel.submit_job()
    thread = await discord_channel.open_thread(job)
    failed = Failed(problem=make_problem("worker_crashed", count=2))
    outcome_stream.unreadable_jobs[job.id] = make_unreadable(
        job.id, thread_id=thread, calls=1, owner=make_owner(job), outcome=failed
    )
    outcome_stream.redeliver(job)
    store = OwnerStore()

    async with run_in_background(make_consumer(discord_channel.client, outcome_stream, catalogue, store=store).run):
        await outcome_stream.wait_until_delivered(job)

    [message] = await discord_channel.list_messages(thread)
    assert "stopped 2 times" in read_text(message)
    assert [status.unknown_calls for status in store.delivered] == [0]


async def test_a_picture_that_was_paid_for_is_held_for_a_release_that_reads_it_and_others_go_on(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(unreadable, "RECHECK_SECONDS", 0.0)
    odd, other = await discord_channel.submit_job(), await discord_channel.submit_job()
    outcome_stream.unreadable_jobs[odd.id] = make_unreadable(odd.id, owner=make_owner(odd))
    outcome_stream.images[odd.id] = make_png()
    outcome_stream.redeliver(odd)
    consumer = make_consumer(discord_channel.client, outcome_stream, catalogue)
    async with run_in_background(consumer.run):
        outcome_stream.finish_job(other, make_generated(), make_png())
        await outcome_stream.wait_until_delivered(other)

        await wait_until_held(discord_channel, odd)
        assert odd.id not in outcome_stream.delivered_messages
        assert caplog.text.count(f"job {odd.id}: its outcome cannot be read") == 1

        del outcome_stream.unreadable_jobs[odd.id]  # as another release reads it, after a restart
        outcome_stream.finish_job(odd, make_generated(), make_png())
        await outcome_stream.wait_until_delivered(odd)
    assert "Full size" in await discord_channel.read_status(odd)


async def test_a_held_picture_that_expires_ends_in_words(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unreadable, "RECHECK_SECONDS", 0.0)
    odd, other = await discord_channel.submit_job(), await discord_channel.submit_job()
    thread = await discord_channel.open_thread(odd)
    outcome_stream.unreadable_jobs[odd.id] = make_unreadable(odd.id, job=odd, thread_id=thread)
    outcome_stream.images[odd.id] = make_png()
    outcome_stream.redeliver(odd)
    async with run_in_background(make_consumer(discord_channel.client, outcome_stream, catalogue).run):
        await wait_until_held(discord_channel, odd)
        del outcome_stream.images[odd.id]
        outcome_stream.finish_job(other, make_generated(), make_png())  # the stream is read again

        await outcome_stream.wait_until_delivered(odd)

    [message] = await discord_channel.list_messages(thread)
    assert "another release of the bot" in read_text(message)


async def test_an_outcome_whose_owner_nobody_knows_is_left_in_the_stream(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    catalogue: Catalogue,
    caplog: pytest.LogCaptureFixture,
) -> None:
    odd, other = await discord_channel.submit_job(), await discord_channel.submit_job()
    outcome_stream.unreadable_jobs[odd.id] = make_unreadable(odd.id)
    outcome_stream.redeliver(odd)
    outcome_stream.finish_job(other, make_generated(), make_png())

    async with run_in_background(make_consumer(discord_channel.client, outcome_stream, catalogue).run):
        await outcome_stream.wait_until_delivered(other)

    assert odd.id not in outcome_stream.delivered_messages
    assert "nobody could be told" in caplog.text
