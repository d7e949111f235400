"""Status messages are up to date, edited no more than needed, and never after their last edit."""

import asyncio
import logging
import time
from dataclasses import replace

import pytest

from bot.domain.status import JobStatus, QueueState
from bot.status.status_messages import COUNTDOWN_INTERVAL_SECONDS, StatusMessages
from shared.catalogue import Catalogue
from shared.job import Job
from tests.support.builders import Clock
from tests.support.delivery import FakeOutcomeStream, FakePartitions
from tests.support.discord_channel import DiscordChannel, make_generated, run_in_background


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def status_messages(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue, clock: Clock
) -> StatusMessages:
    return StatusMessages(
        discord_channel.client, outcome_stream, catalogue, FakePartitions(), interval_seconds=3, clock=clock
    )


def make_waiting_status(job: Job, position: int = 3, estimate: float = 38) -> JobStatus:
    return JobStatus(job, QueueState.QUEUED, position, estimate, time.time(), None, None, typical_seconds=5)


async def test_a_job_is_followed_from_preparing_to_generating(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, status_messages: StatusMessages
) -> None:
    job = await discord_channel.submit_job()
    seen = []
    for status in (
        replace(make_waiting_status(job), state=QueueState.PREPARING),
        make_waiting_status(job),
        make_waiting_status(job, position=1, estimate=8),
        replace(make_waiting_status(job), state=QueueState.RUNNING, state_since=1763800000.9),
    ):
        outcome_stream.put_status(status)
        status_messages._clock.now += COUNTDOWN_INTERVAL_SECONDS  # type: ignore[attr-defined]  # the clock of these tests
        await status_messages.refresh()
        seen.append(await discord_channel.read_status(job))
    assert seen == [
        "Getting your picture ready.",
        "Waiting: number 3 in the queue, about 40 seconds to go.",
        "Waiting: you are next, a few seconds to go.",
        "SD 3.5 Large is making the picture: started <t:1763800000:R>, usually takes a few seconds.",
    ]


async def test_a_status_message_is_in_the_language_of_the_requester(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, status_messages: StatusMessages
) -> None:
    job = await discord_channel.submit_job(locale="fr")
    outcome_stream.put_status(make_waiting_status(job, estimate=300))
    await status_messages.refresh()
    assert (
        await discord_channel.read_status(job) == "En attente\u00a0: numéro 3 dans la file, encore environ 5 minutes."
    )


async def test_an_unchanged_message_is_not_edited_again(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, status_messages: StatusMessages, clock: Clock
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.put_status(make_waiting_status(job))
    for _ in range(3):
        clock.now += 60
        await status_messages.refresh()
    assert discord_channel.count_requests("PATCH", f"/messages/{job.origin.message_id}") == 1


async def test_a_job_that_is_not_listed_in_every_round_is_not_edited_again_when_it_is(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, status_messages: StatusMessages
) -> None:
    job, other = await discord_channel.submit_job(), await discord_channel.submit_job()
    for listed in (job, other, job):
        outcome_stream.statuses.clear()
        outcome_stream.put_status(make_waiting_status(listed))
        await status_messages.refresh()
    assert discord_channel.count_requests("PATCH", f"/messages/{job.origin.message_id}") == 1


async def test_a_mere_countdown_is_shown_every_few_seconds_and_a_change_of_state_at_once(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, status_messages: StatusMessages, clock: Clock
) -> None:
    job = await discord_channel.submit_job()
    for position in (9, 8, 7):
        outcome_stream.put_status(make_waiting_status(job, position))
        await status_messages.refresh()
        clock.now += COUNTDOWN_INTERVAL_SECONDS / 3
    assert "number 9" in await discord_channel.read_status(job)
    clock.now += COUNTDOWN_INTERVAL_SECONDS / 3
    await status_messages.refresh()
    assert "number 7" in await discord_channel.read_status(job)
    outcome_stream.put_status(replace(make_waiting_status(job), state=QueueState.RUNNING))
    await status_messages.refresh()
    assert "is making the picture" in await discord_channel.read_status(job)


async def test_a_pause_and_its_end_are_shown_at_once(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, status_messages: StatusMessages
) -> None:
    job = await discord_channel.submit_job()
    seen = []
    for is_guild_paused in (False, True, False):
        outcome_stream.put_status(replace(make_waiting_status(job), is_guild_paused=is_guild_paused))
        await status_messages.refresh()
        seen.append("paused this server's queue" in await discord_channel.read_status(job))
    assert seen == [False, True, False]


async def test_a_round_stays_within_its_budget_and_shows_changes_of_state_first(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, status_messages: StatusMessages, clock: Clock
) -> None:
    known = [await discord_channel.submit_job() for _ in range(3)]
    for job in known:
        outcome_stream.put_status(make_waiting_status(job, 5))
    await status_messages.refresh()
    clock.now += COUNTDOWN_INTERVAL_SECONDS
    for job in known:
        outcome_stream.put_status(make_waiting_status(job, 4))
    new = [await discord_channel.submit_job() for _ in range(2)]
    for job in new:
        outcome_stream.put_status(make_waiting_status(job, 6))
    await status_messages.refresh()
    assert ["number 6" in await discord_channel.read_status(job) for job in new] == [True, True]
    assert ["number 4" in await discord_channel.read_status(job) for job in known].count(True) == 1
    await status_messages.refresh()
    assert ["number 4" in await discord_channel.read_status(job) for job in known] == [True, True, True]


async def test_a_deleted_message_is_not_edited_again_and_does_not_stop_the_others(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, status_messages: StatusMessages
) -> None:
    deleted, kept = await discord_channel.submit_job(), await discord_channel.submit_job()
    await discord_channel.call_control("DELETE", f"messages/{deleted.origin.message_id}")
    outcome_stream.put_status(make_waiting_status(deleted))
    outcome_stream.put_status(make_waiting_status(kept))
    await status_messages.refresh()
    outcome_stream.put_status(replace(make_waiting_status(deleted), state=QueueState.RUNNING))
    await status_messages.refresh()
    assert "number 3" in await discord_channel.read_status(kept)
    assert discord_channel.count_requests("PATCH", f"/messages/{deleted.origin.message_id}") == 1


async def test_an_edit_that_failed_is_repeated_in_the_next_round_and_does_not_stop_the_others(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, status_messages: StatusMessages
) -> None:
    faulty, other = await discord_channel.submit_job(), await discord_channel.submit_job()
    await discord_channel.inject_fault("status:503", "PATCH", f"/messages/{faulty.origin.message_id}")
    outcome_stream.put_status(make_waiting_status(faulty))
    outcome_stream.put_status(make_waiting_status(other))
    await status_messages.refresh()
    assert "number 3" in await discord_channel.read_status(other)
    assert "number 3" not in await discord_channel.read_status(faulty)
    await status_messages.refresh()
    assert "number 3" in await discord_channel.read_status(faulty)


async def test_a_finished_job_is_left_to_its_delivery(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, status_messages: StatusMessages
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.put_status(replace(make_waiting_status(job), state=QueueState.FINISHED, outcome=make_generated()))
    await status_messages.refresh()
    assert discord_channel.count_requests("PATCH", f"/messages/{job.origin.message_id}") == 0


async def test_the_last_edit_comes_after_one_that_is_still_in_progress(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, status_messages: StatusMessages
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.put_status(make_waiting_status(job))
    await discord_channel.inject_fault("delay:0.3", "PATCH", f"/messages/{job.origin.message_id}")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(status_messages.refresh())
        await asyncio.sleep(0.1)
        tasks.create_task(status_messages.finalize_message(job, "Done."))
    assert await discord_channel.read_status(job) == "Done."


async def test_no_edit_follows_the_last_one_in_a_round_with_older_statuses(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    status_messages: StatusMessages,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.put_status(make_waiting_status(job))
    load_statuses = outcome_stream.load_statuses

    async def load_and_finalize(job_ids: list[str]) -> object:
        statuses = await load_statuses(job_ids)
        assert await status_messages.finalize_message(job, "Done.")
        return statuses

    monkeypatch.setattr(outcome_stream, "load_statuses", load_and_finalize)
    await status_messages.refresh()
    assert await discord_channel.read_status(job) == "Done."


async def test_the_last_edit_is_repeated_after_a_fault_and_given_up_for_a_deleted_message(
    discord_channel: DiscordChannel, status_messages: StatusMessages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.status.status_messages.FINAL_EDIT_RETRY_DELAYS", (0.01, 0.01))
    job, deleted = await discord_channel.submit_job(), await discord_channel.submit_job()
    await discord_channel.inject_fault("drop_after", "PATCH", f"/messages/{job.origin.message_id}")
    await discord_channel.inject_fault("status:503", "PATCH", f"/messages/{job.origin.message_id}")
    assert await status_messages.finalize_message(job, "Done.")
    assert await discord_channel.read_status(job) == "Done."
    await discord_channel.call_control("DELETE", f"messages/{deleted.origin.message_id}")
    assert not await status_messages.finalize_message(deleted, "Done.")


async def test_after_a_failed_round_the_next_one_continues(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.put_status(make_waiting_status(job))
    list_open_jobs, failures = outcome_stream.list_open_jobs, iter((ConnectionError("gone"),))

    async def fail_once() -> object:
        for failure in failures:
            raise failure
        return await list_open_jobs()

    monkeypatch.setattr(outcome_stream, "list_open_jobs", fail_once)
    with caplog.at_level(logging.ERROR):
        async with run_in_background(
            StatusMessages(
                discord_channel.client, outcome_stream, catalogue, FakePartitions(), interval_seconds=0.05
            ).run
        ):
            await asyncio.sleep(0.4)
            assert "number 3" in await discord_channel.read_status(job)
    assert "the next round tries again" in caplog.text


async def test_a_variant_of_an_exploration_has_no_status_message_of_its_own(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, status_messages: StatusMessages
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.put_status(make_waiting_status(job.model_copy(update={"id": f"{job.id}-01"})))

    await status_messages.refresh()

    assert await discord_channel.read_status(job) == "Your request has arrived."
