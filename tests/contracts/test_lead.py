"""Who leads among bots on one Redis, and what becomes of outcomes that were handed to a bot that is gone."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
import redis

from bot.adapters import redis as adapter
from bot.adapters.lead import LEAD, Lead
from shared.catalogue import Catalogue
from shared.queue.names import CONSUMER, GROUP, OUTCOMES

LEASE, STEP = 0.6, 0.1


class Bot:
    """A lead, and work that counts its beginnings and knows whether it is being done."""

    def __init__(self, url: str) -> None:
        self.redis = adapter.connect(url)
        self.lead = Lead(self.redis, lease=LEASE, step=STEP)
        self.begun = 0
        self.at_work = False

    async def work(self) -> None:
        self.begun += 1
        self.at_work = True
        try:
            await asyncio.Event().wait()
        finally:
            self.at_work = False


@asynccontextmanager
async def running(url: str) -> AsyncIterator[Bot]:
    bot = Bot(url)
    tasks = [asyncio.create_task(bot.lead.run()), asyncio.create_task(bot.lead.during(bot.work))]
    try:
        yield bot
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        await bot.lead.close()
        await bot.redis.aclose()


async def until(bot: Bot, *, at_work: bool) -> float:
    """Wait for it, and give the seconds that it took."""
    started = time.monotonic()
    async with asyncio.timeout(5):
        while bot.at_work is not at_work:  # noqa: ASYNC110 - what a test looks at has no event
            await asyncio.sleep(0.01)
    return time.monotonic() - started


async def test_one_of_two_works_and_the_other_follows_at_once_when_it_ends_in_order(redis_url: str) -> None:
    async with AsyncExitStack() as both:
        ending = await both.enter_async_context(AsyncExitStack())
        first = await ending.enter_async_context(running(redis_url))
        await until(first, at_work=True)
        second = await both.enter_async_context(running(redis_url))
        await asyncio.sleep(2 * LEASE)
        assert (first.begun, first.at_work, second.begun) == (1, True, 0)

        await ending.aclose()

        assert await until(second, at_work=True) < 3 * STEP
        assert not first.at_work


async def test_who_loses_the_lead_stops_working_and_begins_anew_when_it_has_it_back(redis_url: str) -> None:
    async with running(redis_url) as bot:
        await until(bot, at_work=True)
        with redis.Redis.from_url(redis_url) as client:
            client.set(LEAD, "another", px=int(LEASE * 1000))

        await until(bot, at_work=False)
        took = await until(bot, at_work=True)

    assert bot.begun == 2
    assert took < LEASE + 5 * STEP


async def test_an_emptied_redis_costs_nobody_the_lead(redis_url: str) -> None:
    async with running(redis_url) as bot:
        await until(bot, at_work=True)
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()

        await asyncio.sleep(3 * STEP)

        assert (bot.begun, bot.at_work) == (1, True)


async def test_an_outcome_that_was_handed_to_a_bot_that_is_gone_is_handed_out_again(
    redis_url: str, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "LOOK_BACK_SECONDS", 0.2)
    monkeypatch.setattr(adapter, "READ_SECONDS", 0.1)
    queue = adapter.RedisQueue(adapter.connect(redis_url), catalogue=catalogue, ticket=_no_ticket)
    await queue.start()
    with redis.Redis.from_url(redis_url) as client:
        client.xadd(OUTCOMES, {"job": "1"})
        [mine] = await queue.outcomes()
        client.xadd(OUTCOMES, {"job": "2"})
        client.xreadgroup(GROUP, CONSUMER, {OUTCOMES: ">"})

        async with asyncio.timeout(5):
            while not (again := await queue.outcomes()):
                pass

    assert mine.job_id == "1"
    assert [delivery.job_id for delivery in again] == ["2"]
    await queue.close()


def _no_ticket(lane: str) -> str:
    del lane
    return ""
