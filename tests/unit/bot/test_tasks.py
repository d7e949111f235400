"""Tasks end, even if one of their commands swallows a cancellation, and wake up together."""

import asyncio
import contextlib
import time

import pytest

from bot.tasks import end_tasks, sleep_until_tick


async def sleep_stubbornly(cancellations: int) -> None:
    for _ in range(cancellations):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
    await asyncio.sleep(60)


async def start_stubborn_tasks(*cancellations: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(sleep_stubbornly(count)) for count in cancellations]
    await asyncio.sleep(0)
    return tasks


async def test_a_task_that_goes_on_after_a_cancellation_is_cancelled_again() -> None:
    tasks = await start_stubborn_tasks(0, 1, 2)

    await end_tasks(tasks, interval_seconds=0.01, timeout_seconds=10)

    assert [task.cancelled() for task in tasks] == [True] * 3


async def test_a_task_that_does_not_end_is_waited_for_no_longer_than_the_timeout() -> None:
    [task] = await start_stubborn_tasks(1000)
    started = time.monotonic()

    await end_tasks([task], interval_seconds=0.02, timeout_seconds=0.1)

    assert not task.done()
    assert time.monotonic() - started < 5
    await end_tasks([task], interval_seconds=0, timeout_seconds=10)


async def test_no_tasks_are_no_problem() -> None:
    await end_tasks([], interval_seconds=1, timeout_seconds=1)


async def test_tasks_that_sleep_until_a_tick_wake_up_together_and_no_later_than_after_the_interval() -> None:
    interval = 0.2
    clock = asyncio.get_running_loop().time

    async def measure_sleep(begin_later: float) -> tuple[float, float]:
        await asyncio.sleep(begin_later)
        begun_at = clock()
        await sleep_until_tick(interval)
        return begun_at, clock()

    sleeps = await asyncio.gather(*(measure_sleep(delay) for delay in (0.0, 0.03, 0.07, 0.11)))

    for begun_at, woken_at in sleeps:
        tick = (begun_at // interval + 1) * interval
        assert tick - 0.001 <= woken_at < tick + 5


async def test_a_tick_is_a_multiple_of_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    interval = 3600.0
    clock = asyncio.get_running_loop().time
    ends: list[float] = []

    async def note_end(seconds: float) -> None:
        ends.append(clock() + seconds)

    monkeypatch.setattr(asyncio, "sleep", note_end)
    begun_at = clock()
    await sleep_until_tick(interval)

    tick = (begun_at // interval + 1) * interval
    assert len(ends) == 1
    assert tick - 0.001 <= ends[0] < tick + 60, "a minute for a busy machine"
