"""A function runs when the database has changed, when something is due, or after its interval: never later."""

import asyncio
import math
import time
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.change_signal import ChangeSignal
from bot.periodic import run_on_changes

INTERVAL = 0.05
LONG = 60.0


class Work:
    """Work that rests as it is told to, and counts its rounds."""

    def __init__(self, *rests: float | Exception | Callable[[], float]) -> None:
        self._rests = list(rests)
        self.changes = ChangeSignal()
        self.times: list[float] = []

    async def run_round(self) -> float:
        self.times.append(time.monotonic())
        rest = self._rests.pop(0) if self._rests else math.inf
        if isinstance(rest, Exception):
            raise rest
        return rest() if callable(rest) else rest

    @asynccontextmanager
    async def run(self) -> Any:
        loop: Coroutine[Any, Any, None] = run_on_changes(INTERVAL, self.run_round, self.changes, "the work")
        task = asyncio.create_task(loop)
        yield
        task.cancel()

    async def wait_for_rounds(self, count: int) -> None:
        async with asyncio.timeout(LONG):
            while len(self.times) < count:  # noqa: ASYNC110 - the loop under test knows no event
                await asyncio.sleep(0.005)


async def test_a_resting_function_follows_a_change_and_no_round_comes_without_one() -> None:
    work = Work()
    async with work.run():
        await asyncio.sleep(6 * INTERVAL)
        assert len(work.times) == 1

        work.changes.announce()
        await work.wait_for_rounds(2)
        await asyncio.sleep(6 * INTERVAL)

    assert len(work.times) == 2


async def test_several_changes_at_once_make_one_round_and_those_during_a_round_another_one() -> None:
    def change_and_rest() -> float:
        work.changes.announce()
        return math.inf

    work = Work(math.inf, change_and_rest)
    async with work.run():
        await asyncio.sleep(2 * INTERVAL)
        for _ in range(20):
            work.changes.announce()
        await work.wait_for_rounds(3)
        await asyncio.sleep(6 * INTERVAL)

    assert len(work.times) == 3
    assert work.times[2] - work.times[1] >= INTERVAL * 0.9, "rounds keep the distance of the interval"


@pytest.mark.parametrize("rest", [0.0, OSError("the database is gone")], ids=["work is left", "a failure"])
async def test_the_next_round_comes_after_the_interval(rest: float | Exception) -> None:
    work = Work(rest, rest)
    async with work.run():
        await work.wait_for_rounds(3)
        await asyncio.sleep(6 * INTERVAL)

    assert len(work.times) == 3
    assert work.times[1] - work.times[0] >= INTERVAL * 0.9


async def test_what_is_due_later_is_done_in_time_without_a_change() -> None:
    work = Work(4 * INTERVAL)
    async with work.run():
        await work.wait_for_rounds(2)

    assert 3.9 * INTERVAL <= work.times[1] - work.times[0] < LONG / 10


@pytest.mark.parametrize(("bound", "rest"), [("MAX_REST_SECONDS", math.inf), ("MAX_WAIT_SECONDS", LONG)])
async def test_a_function_rests_no_longer_than_the_bound(
    bound: str, rest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"bot.periodic.{bound}", 3 * INTERVAL)
    work = Work(rest, rest)
    async with work.run():
        await work.wait_for_rounds(3)
