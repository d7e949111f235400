"""Each outcome is posted once, and acknowledged only then, whatever fails on the way."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from bot.delivery.consumer import OutcomeConsumer
from bot.domain.status import OutcomeEntry
from shared.catalogue import Catalogue
from shared.outcome import Failed, Filtered, FilteredPart
from shared.problems import make_problem
from tests.support.delivery import FakeOutcomeStream, deliver_outcome, make_consumer
from tests.support.discord_channel import DiscordChannel, make_generated, run_in_background
from tests.support.images import make_png

MESSAGES_PATH = r"/channels/\d+/messages$"


@pytest.mark.parametrize("action", ["status_after:502", "drop_after", "drop_before", "status:503"])
async def test_a_fault_while_posting_leads_to_one_message(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer, action: str
) -> None:
    job = await discord_channel.submit_job()
    thread = await discord_channel.open_thread(job)
    outcome_stream.finish_job(job, make_generated(), make_png(), thread)
    await discord_channel.inject_fault(action, "POST", f"/channels/{thread}/messages")
    message = await deliver_outcome(consumer, outcome_stream, job)
    assert [m["id"] for m in await discord_channel.list_messages(thread)] == [str(message)]
    assert discord_channel.count_requests("POST", f"/channels/{thread}/messages") >= 1


async def test_a_rate_limit_that_discord_py_does_not_handle_is_waited_for(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    thread = await discord_channel.open_thread(job)
    outcome_stream.finish_job(job, make_generated(), make_png(), thread)
    await discord_channel.inject_fault("status:429", "POST", f"/channels/{thread}/messages", retry_after=1, via=False)
    started = time.monotonic()
    await deliver_outcome(consumer, outcome_stream, job)
    assert time.monotonic() - started >= 1
    assert len(await discord_channel.list_messages(thread)) == 1


async def test_an_outcome_that_cannot_be_posted_yet_is_not_acknowledged_and_posted_after_a_restart(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    job = await discord_channel.submit_job()
    thread = await discord_channel.open_thread(job)
    outcome_stream.finish_job(job, make_generated(), make_png(), thread)
    await discord_channel.inject_fault("status:503", "POST", MESSAGES_PATH, times=100)
    first = make_consumer(discord_channel.client, outcome_stream, catalogue, retry_delays=(0.01, 0.01))
    async with run_in_background(first.run):
        await asyncio.sleep(0.4)
    assert job.id not in outcome_stream.delivered_messages
    await discord_channel.call_control("DELETE", "faults")
    outcome_stream.redeliver(job)
    await deliver_outcome(
        make_consumer(discord_channel.client, outcome_stream, catalogue),
        outcome_stream,
        job,
    )
    assert len(await discord_channel.list_messages(thread)) == 1


@pytest.mark.parametrize(
    "outcome",
    [
        make_generated(),
        Filtered(part=FilteredPart.OUTPUT, duration_seconds=1),
        Failed(problem=make_problem("busy", model="M")),
    ],
)
@pytest.mark.parametrize("where", ["thread", "channel", "direct"])
async def test_an_outcome_posted_before_a_restart_is_found_and_not_posted_again(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue, outcome: Any, where: str
) -> None:
    job = await discord_channel.submit_job()
    if where == "channel":
        await discord_channel.deny_permissions("create_public_threads")
    if where == "direct":
        await discord_channel.call_control("DELETE", f"channels/{discord_channel.channel_id}")
    outcome_stream.finish_job(job, outcome, make_png())
    message = await deliver_outcome(
        make_consumer(discord_channel.client, outcome_stream, catalogue),
        outcome_stream,
        job,
    )
    del outcome_stream.delivered_messages[job.id]
    await discord_channel.inject_fault("status:400", "POST", MESSAGES_PATH, times=100)
    outcome_stream.redeliver(job)
    restarted = make_consumer(discord_channel.client, outcome_stream, catalogue, retry_delays=(0.01,))
    assert await deliver_outcome(restarted, outcome_stream, job) == message


async def test_an_outcome_whose_message_was_deleted_is_not_posted_again(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    thread = await discord_channel.open_thread(job)
    outcome_stream.finish_job(job, make_generated(), make_png(), thread)
    message = await deliver_outcome(consumer, outcome_stream, job)
    await discord_channel.call_control("DELETE", f"messages/{message}")
    del outcome_stream.delivered_messages[job.id]
    outcome_stream.redeliver(job)
    assert await deliver_outcome(consumer, outcome_stream, job) is None
    assert await discord_channel.list_messages(thread) == []
    assert len(await discord_channel.list_messages()) == 1


async def test_outcomes_keep_their_order_within_a_thread(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    first, second = await discord_channel.submit_job(in_place=True), await discord_channel.submit_job(in_place=True)
    await discord_channel.inject_fault(
        "status:503", "POST", f"/channels/{discord_channel.channel_id}/messages", times=3
    )
    outcome_stream.finish_job(first, make_generated(1), make_png())
    outcome_stream.finish_job(second, make_generated(2), make_png())
    async with run_in_background(consumer.run):
        await outcome_stream.wait_until_delivered(second)
    posted = await discord_channel.list_files(*(m for m in await discord_channel.list_messages() if m["components"]))
    assert [file["filename"] for file in posted] == [f"pentimento-{first.id}-1.png", f"pentimento-{second.id}-2.png"]


async def test_a_thread_that_hangs_does_not_delay_the_others(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    hanging, other = await discord_channel.submit_job(), await discord_channel.submit_job()
    threads = await discord_channel.open_thread(hanging), await discord_channel.open_thread(other)
    await discord_channel.inject_fault("hang:30", "POST", f"/channels/{threads[0]}/messages")
    outcome_stream.finish_job(hanging, make_generated(), make_png(), threads[0])
    outcome_stream.finish_job(other, make_generated(), make_png(), threads[1])
    async with run_in_background(
        make_consumer(discord_channel.client, outcome_stream, catalogue, max_concurrent=2).run
    ):
        await outcome_stream.wait_until_delivered(other)
    assert hanging.id not in outcome_stream.delivered_messages


async def test_the_outcome_of_an_unknown_job_is_acknowledged(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.redeliver(job)
    assert await deliver_outcome(consumer, outcome_stream, job) is None


async def test_an_acknowledgement_that_fails_is_repeated_without_a_second_message(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    consumer: OutcomeConsumer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = await discord_channel.submit_job()
    acknowledge_outcome, failures = outcome_stream.acknowledge_outcome, iter((ConnectionError("gone"),))

    async def fail_once(*arguments: Any) -> None:
        for failure in failures:
            raise failure
        await acknowledge_outcome(*arguments)

    monkeypatch.setattr(outcome_stream, "acknowledge_outcome", fail_once)
    outcome_stream.finish_job(job, make_generated(), make_png())
    message = await deliver_outcome(consumer, outcome_stream, job)
    assert [m["id"] for m in await discord_channel.list_messages(job.origin.message_id)] == [str(message)]


async def test_an_old_outcome_is_looked_for_in_the_history_and_a_recent_one_is_not(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    recent, old = await discord_channel.submit_job(), await discord_channel.submit_job()
    outcome_stream.finish_job(recent, make_generated(), make_png())
    outcome_stream.finish_job(old, make_generated(), make_png())
    outcome_stream.put_status(replace(outcome_stream.statuses[old.id], state_since=time.time() - 3600))
    async with run_in_background(consumer.run):
        await outcome_stream.wait_until_delivered(recent)
        await outcome_stream.wait_until_delivered(old)
    assert discord_channel.count_requests("GET", f"/channels/{recent.origin.message_id}/messages") == 0
    assert discord_channel.count_requests("GET", f"/channels/{old.origin.message_id}/messages") == 1


async def test_delivery_counts_as_halted_when_no_outcome_can_be_read_for_a_while(
    consumer: OutcomeConsumer, outcome_stream: FakeOutcomeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.delivery.consumer.HALTED_AFTER_SECONDS", 0.4)

    async def read_nothing() -> list[OutcomeEntry]:
        await asyncio.sleep(0.05)
        return []

    monkeypatch.setattr(outcome_stream, "read_outcomes", read_nothing)
    async with run_in_background(consumer.run):
        await asyncio.sleep(0.8)
        assert consumer.is_reading()
        monkeypatch.setattr(outcome_stream, "read_outcomes", asyncio.Event().wait)
        await asyncio.sleep(0.8)
        assert not consumer.is_reading()
