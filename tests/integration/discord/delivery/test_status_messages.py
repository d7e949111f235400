"""Status messages tell the truth, are edited no more than needed, and never after the last word."""

import asyncio
import logging
import time
from dataclasses import replace

import pytest

from bot.domain.status import JobStatus, QueueState
from bot.status.status_messages import COUNTDOWN_INTERVAL_SECONDS, StatusMessages
from shared.catalogue import Catalogue
from shared.job import Job
from tests.support.discord_channel import DiscordChannel, FakeOutcomeStream, make_generated, run_in_background


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board(world: DiscordChannel, ledger: FakeOutcomeStream, catalogue: Catalogue, clock: Clock) -> StatusMessages:
    return StatusMessages(world.client, ledger, catalogue, interval_seconds=3, clock=clock)


def make_waiting_status(job: Job, position: int = 3, estimate: float = 38) -> JobStatus:
    return JobStatus(job, QueueState.QUEUED, position, estimate, time.time(), None, None, typical_seconds=5)


async def test_a_job_is_followed_from_preparing_to_generating(
    world: DiscordChannel, ledger: FakeOutcomeStream, board: StatusMessages
) -> None:
    job = await world.submit_job()
    seen = []
    for standing in (
        replace(make_waiting_status(job), state=QueueState.PREPARING),
        make_waiting_status(job),
        make_waiting_status(job, position=1, estimate=8),
        replace(make_waiting_status(job), state=QueueState.RUNNING, state_since=1763800000.9),
    ):
        ledger.put_status(standing)
        board._clock.now += COUNTDOWN_INTERVAL_SECONDS  # type: ignore[attr-defined]  # the clock of these tests
        await board.refresh()
        seen.append(await world.read_status(job))
    assert seen == [
        "Your picture is being prepared.",
        "Waiting: number 3 in the queue, about 40\u00a0s to go.",
        "Waiting: you are next, a few seconds to go.",
        "SD 3.5 Large is painting: started <t:1763800000:R>, usually takes a few seconds.",
    ]


async def test_a_status_message_speaks_the_language_of_who_asked(
    world: DiscordChannel, ledger: FakeOutcomeStream, board: StatusMessages
) -> None:
    job = await world.submit_job(locale="fr")
    ledger.put_status(make_waiting_status(job, estimate=300))
    await board.refresh()
    assert await world.read_status(job) == "En attente\u00a0: numéro 3 dans la file, encore environ 5\u00a0min."


async def test_what_has_not_changed_is_not_sent_again(
    world: DiscordChannel, ledger: FakeOutcomeStream, board: StatusMessages, clock: Clock
) -> None:
    job = await world.submit_job()
    ledger.put_status(make_waiting_status(job))
    for _ in range(3):
        clock.now += 60
        await board.refresh()
    assert world.count_requests("PATCH", f"/messages/{job.origin.message_id}") == 1


async def test_what_is_not_looked_at_every_time_is_not_sent_again_when_it_is(
    world: DiscordChannel, ledger: FakeOutcomeStream, board: StatusMessages
) -> None:
    job, other = await world.submit_job(), await world.submit_job()
    for looked_at in (job, other, job):
        ledger.statuses.clear()
        ledger.put_status(make_waiting_status(looked_at))
        await board.refresh()
    assert world.count_requests("PATCH", f"/messages/{job.origin.message_id}") == 1


async def test_a_countdown_alone_is_shown_every_few_seconds_and_a_change_of_state_at_once(
    world: DiscordChannel, ledger: FakeOutcomeStream, board: StatusMessages, clock: Clock
) -> None:
    job = await world.submit_job()
    for position in (9, 8, 7):
        ledger.put_status(make_waiting_status(job, position))
        await board.refresh()
        clock.now += COUNTDOWN_INTERVAL_SECONDS / 3
    assert "number 9" in await world.read_status(job)
    clock.now += COUNTDOWN_INTERVAL_SECONDS / 3
    await board.refresh()
    assert "number 7" in await world.read_status(job)
    ledger.put_status(replace(make_waiting_status(job), state=QueueState.RUNNING))
    await board.refresh()
    assert "is painting" in await world.read_status(job)


async def test_a_round_stays_within_its_budget_and_serves_changes_of_state_first(
    world: DiscordChannel, ledger: FakeOutcomeStream, board: StatusMessages, clock: Clock
) -> None:
    known = [await world.submit_job() for _ in range(3)]
    for job in known:
        ledger.put_status(make_waiting_status(job, 5))
    await board.refresh()
    clock.now += COUNTDOWN_INTERVAL_SECONDS
    for job in known:
        ledger.put_status(make_waiting_status(job, 4))
    new = [await world.submit_job() for _ in range(2)]
    for job in new:
        ledger.put_status(make_waiting_status(job, 6))
    await board.refresh()
    assert ["number 6" in await world.read_status(job) for job in new] == [True, True]
    assert ["number 4" in await world.read_status(job) for job in known].count(True) == 1
    await board.refresh()
    assert ["number 4" in await world.read_status(job) for job in known] == [True, True, True]


async def test_a_deleted_message_is_forgotten_and_does_not_stop_the_others(
    world: DiscordChannel, ledger: FakeOutcomeStream, board: StatusMessages
) -> None:
    gone, there = await world.submit_job(), await world.submit_job()
    await world.call_control("DELETE", f"messages/{gone.origin.message_id}")
    ledger.put_status(make_waiting_status(gone))
    ledger.put_status(make_waiting_status(there))
    await board.refresh()
    ledger.put_status(replace(make_waiting_status(gone), state=QueueState.RUNNING))
    await board.refresh()
    assert "number 3" in await world.read_status(there)
    assert world.count_requests("PATCH", f"/messages/{gone.origin.message_id}") == 1


async def test_an_edit_that_failed_for_now_is_made_up_for_and_does_not_stop_the_others(
    world: DiscordChannel, ledger: FakeOutcomeStream, board: StatusMessages
) -> None:
    unlucky, other = await world.submit_job(), await world.submit_job()
    await world.inject_fault("status:503", "PATCH", f"/messages/{unlucky.origin.message_id}")
    ledger.put_status(make_waiting_status(unlucky))
    ledger.put_status(make_waiting_status(other))
    await board.refresh()
    assert "number 3" in await world.read_status(other)
    assert "number 3" not in await world.read_status(unlucky)
    await board.refresh()
    assert "number 3" in await world.read_status(unlucky)


async def test_a_finished_job_is_left_to_its_delivery(
    world: DiscordChannel, ledger: FakeOutcomeStream, board: StatusMessages
) -> None:
    job = await world.submit_job()
    ledger.put_status(replace(make_waiting_status(job), state=QueueState.FINISHED, outcome=make_generated()))
    await board.refresh()
    assert world.count_requests("PATCH", f"/messages/{job.origin.message_id}") == 0


async def test_the_last_word_comes_after_an_edit_that_is_still_on_its_way(
    world: DiscordChannel, ledger: FakeOutcomeStream, board: StatusMessages
) -> None:
    job = await world.submit_job()
    ledger.put_status(make_waiting_status(job))
    await world.inject_fault("delay:0.3", "PATCH", f"/messages/{job.origin.message_id}")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(board.refresh())
        await asyncio.sleep(0.1)
        tasks.create_task(board.finalize_message(job.origin, "Done."))
    assert await world.read_status(job) == "Done."


async def test_no_edit_follows_the_last_word_within_a_round_that_knew_less(
    world: DiscordChannel, ledger: FakeOutcomeStream, board: StatusMessages, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await world.submit_job()
    ledger.put_status(make_waiting_status(job))
    whole = ledger.load_statuses

    async def slow(job_ids: list[str]) -> object:
        known = await whole(job_ids)
        assert await board.finalize_message(job.origin, "Done.")
        return known

    monkeypatch.setattr(ledger, "load_statuses", slow)
    await board.refresh()
    assert await world.read_status(job) == "Done."


async def test_the_last_word_is_said_again_after_a_fault_and_given_up_for_a_deleted_message(
    world: DiscordChannel, board: StatusMessages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.status.status_messages.FINAL_EDIT_RETRY_DELAYS", (0.01, 0.01))
    job, gone = await world.submit_job(), await world.submit_job()
    await world.inject_fault("drop_after", "PATCH", f"/messages/{job.origin.message_id}")
    await world.inject_fault("status:503", "PATCH", f"/messages/{job.origin.message_id}")
    assert await board.finalize_message(job.origin, "Done.")
    assert await world.read_status(job) == "Done."
    await world.call_control("DELETE", f"messages/{gone.origin.message_id}")
    assert not await board.finalize_message(gone.origin, "Done.")


async def test_after_a_round_that_failed_the_next_one_goes_on(
    world: DiscordChannel,
    ledger: FakeOutcomeStream,
    catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    job = await world.submit_job()
    ledger.put_status(make_waiting_status(job))
    whole, failures = ledger.list_open_jobs, iter((ConnectionError("gone"),))

    async def open_jobs() -> object:
        for failure in failures:
            raise failure
        return await whole()

    monkeypatch.setattr(ledger, "list_open_jobs", open_jobs)
    with caplog.at_level(logging.ERROR):
        async with run_in_background(StatusMessages(world.client, ledger, catalogue, interval_seconds=0.05).run):
            await asyncio.sleep(0.4)
            assert "number 3" in await world.read_status(job)
    assert "the next round tries again" in caplog.text


async def test_a_variant_of_an_exploration_has_no_status_message_of_its_own(
    world: DiscordChannel, ledger: FakeOutcomeStream, board: StatusMessages
) -> None:
    job = await world.submit_job()
    ledger.put_status(make_waiting_status(job.model_copy(update={"id": f"{job.id}-01"})))

    await board.refresh()

    assert await world.read_status(job) == "Your request has arrived."
