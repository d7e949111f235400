"""Status messages tell the truth, are edited no more than needed, and never after the last word."""

import asyncio
import logging
import time
from dataclasses import replace

import pytest

from bot.board import COUNTDOWN_SECONDS, Board
from bot.ports import Standing, State
from shared.catalogue import Catalogue
from shared.job import Job
from tests.bot.delivery.scene import Discord, Ledger, at_work, made


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
def board(world: Discord, ledger: Ledger, catalogue: Catalogue, clock: Clock) -> Board:
    return Board(world.client, ledger, catalogue, period=3, clock=clock)


def waiting(job: Job, position: int = 3, estimate: float = 38) -> Standing:
    return Standing(job, State.WAITING, position, estimate, time.time(), None, None, typical=5)


async def test_a_job_is_followed_from_preparing_to_painting(world: Discord, ledger: Ledger, board: Board) -> None:
    job = await world.asked()
    seen = []
    for standing in (
        replace(waiting(job), state=State.PREPARING),
        waiting(job),
        waiting(job, position=1, estimate=8),
        replace(waiting(job), state=State.RUNNING, since=1763800000.9),
    ):
        ledger.put(standing)
        board._clock.now += COUNTDOWN_SECONDS  # type: ignore[attr-defined]  # the clock of these tests
        await board.look()
        seen.append(await world.status(job))
    assert seen == [
        "Your picture is being prepared.",
        "Waiting: number 3 in the queue, about 40\u00a0s to go.",
        "Waiting: you are next, a few seconds to go.",
        "SD 3.5 Large is painting: started <t:1763800000:R>, usually takes a few seconds.",
    ]


async def test_a_status_message_speaks_the_language_of_who_asked(world: Discord, ledger: Ledger, board: Board) -> None:
    job = await world.asked(locale="fr")
    ledger.put(waiting(job, estimate=300))
    await board.look()
    assert await world.status(job) == "En attente\u00a0: numéro 3 dans la file, encore environ 5\u00a0min."


async def test_what_has_not_changed_is_not_sent_again(
    world: Discord, ledger: Ledger, board: Board, clock: Clock
) -> None:
    job = await world.asked()
    ledger.put(waiting(job))
    for _ in range(3):
        clock.now += 60
        await board.look()
    assert world.requests("PATCH", f"/messages/{job.place.message}") == 1


async def test_what_is_not_looked_at_every_time_is_not_sent_again_when_it_is(
    world: Discord, ledger: Ledger, board: Board
) -> None:
    job, other = await world.asked(), await world.asked()
    for looked_at in (job, other, job):
        ledger.rows.clear()
        ledger.put(waiting(looked_at))
        await board.look()
    assert world.requests("PATCH", f"/messages/{job.place.message}") == 1


async def test_a_countdown_alone_is_shown_every_few_seconds_and_a_change_of_state_at_once(
    world: Discord, ledger: Ledger, board: Board, clock: Clock
) -> None:
    job = await world.asked()
    for position in (9, 8, 7):
        ledger.put(waiting(job, position))
        await board.look()
        clock.now += COUNTDOWN_SECONDS / 3
    assert "number 9" in await world.status(job)
    clock.now += COUNTDOWN_SECONDS / 3
    await board.look()
    assert "number 7" in await world.status(job)
    ledger.put(replace(waiting(job), state=State.RUNNING))
    await board.look()
    assert "is painting" in await world.status(job)


async def test_a_round_stays_within_its_budget_and_serves_changes_of_state_first(
    world: Discord, ledger: Ledger, board: Board, clock: Clock
) -> None:
    known = [await world.asked() for _ in range(3)]
    for job in known:
        ledger.put(waiting(job, 5))
    await board.look()
    clock.now += COUNTDOWN_SECONDS
    for job in known:
        ledger.put(waiting(job, 4))
    new = [await world.asked() for _ in range(2)]
    for job in new:
        ledger.put(waiting(job, 6))
    await board.look()
    assert ["number 6" in await world.status(job) for job in new] == [True, True]
    assert ["number 4" in await world.status(job) for job in known].count(True) == 1
    await board.look()
    assert ["number 4" in await world.status(job) for job in known] == [True, True, True]


async def test_a_deleted_message_is_forgotten_and_does_not_stop_the_others(
    world: Discord, ledger: Ledger, board: Board
) -> None:
    gone, there = await world.asked(), await world.asked()
    await world.control("DELETE", f"messages/{gone.place.message}")
    ledger.put(waiting(gone))
    ledger.put(waiting(there))
    await board.look()
    ledger.put(replace(waiting(gone), state=State.RUNNING))
    await board.look()
    assert "number 3" in await world.status(there)
    assert world.requests("PATCH", f"/messages/{gone.place.message}") == 1


async def test_an_edit_that_failed_for_now_is_made_up_for_and_does_not_stop_the_others(
    world: Discord, ledger: Ledger, board: Board
) -> None:
    unlucky, other = await world.asked(), await world.asked()
    await world.fault("status:503", "PATCH", f"/messages/{unlucky.place.message}")
    ledger.put(waiting(unlucky))
    ledger.put(waiting(other))
    await board.look()
    assert "number 3" in await world.status(other)
    assert "number 3" not in await world.status(unlucky)
    await board.look()
    assert "number 3" in await world.status(unlucky)


async def test_a_finished_job_is_left_to_its_delivery(world: Discord, ledger: Ledger, board: Board) -> None:
    job = await world.asked()
    ledger.put(replace(waiting(job), state=State.FINISHED, outcome=made()))
    await board.look()
    assert world.requests("PATCH", f"/messages/{job.place.message}") == 0


async def test_the_last_word_comes_after_an_edit_that_is_still_on_its_way(
    world: Discord, ledger: Ledger, board: Board
) -> None:
    job = await world.asked()
    ledger.put(waiting(job))
    await world.fault("delay:0.3", "PATCH", f"/messages/{job.place.message}")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(board.look())
        await asyncio.sleep(0.1)
        tasks.create_task(board.settle(job.place, "Done."))
    assert await world.status(job) == "Done."


async def test_no_edit_follows_the_last_word_within_a_round_that_knew_less(
    world: Discord, ledger: Ledger, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await world.asked()
    ledger.put(waiting(job))
    whole = ledger.standings

    async def slow(job_ids: list[str]) -> object:
        known = await whole(job_ids)
        assert await board.settle(job.place, "Done.")
        return known

    monkeypatch.setattr(ledger, "standings", slow)
    await board.look()
    assert await world.status(job) == "Done."


async def test_the_last_word_is_said_again_after_a_fault_and_given_up_for_a_deleted_message(
    world: Discord, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.board.LAST_WAITS", (0.01, 0.01))
    job, gone = await world.asked(), await world.asked()
    await world.fault("drop_after", "PATCH", f"/messages/{job.place.message}")
    await world.fault("status:503", "PATCH", f"/messages/{job.place.message}")
    assert await board.settle(job.place, "Done.")
    assert await world.status(job) == "Done."
    await world.control("DELETE", f"messages/{gone.place.message}")
    assert not await board.settle(gone.place, "Done.")


async def test_after_a_round_that_failed_the_next_one_goes_on(
    world: Discord,
    ledger: Ledger,
    catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    job = await world.asked()
    ledger.put(waiting(job))
    whole, failures = ledger.open_jobs, iter((ConnectionError("gone"),))

    async def open_jobs() -> object:
        for failure in failures:
            raise failure
        return await whole()

    monkeypatch.setattr(ledger, "open_jobs", open_jobs)
    with caplog.at_level(logging.ERROR):
        async with at_work(Board(world.client, ledger, catalogue, period=0.05).run):
            await asyncio.sleep(0.4)
            assert "number 3" in await world.status(job)
    assert "the next round tries again" in caplog.text


async def test_a_cell_of_an_exploration_has_no_status_message_of_its_own(
    world: Discord, ledger: Ledger, board: Board
) -> None:
    job = await world.asked()
    ledger.put(waiting(job.model_copy(update={"id": f"{job.id}-01"})))

    await board.look()

    assert await world.status(job) == "Your request has arrived."
