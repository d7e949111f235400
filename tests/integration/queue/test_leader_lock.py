"""Which bot leads among those on one Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

import pytest
import redis

from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.leader_lock import LeaderLock
from shared.queue.keys import DEFAULT_KEYS

LEASE_SECONDS, RENEW_INTERVAL_SECONDS = 0.6, 0.1


class LeaderCandidate:
    """A bot that may lead, with work that counts how often it was started and knows whether it runs."""

    def __init__(self, url: str) -> None:
        self.redis = connect_bot(url)
        self.leader_lock = LeaderLock(
            self.redis, f"bot-{id(self)}", lease_seconds=LEASE_SECONDS, renew_interval_seconds=RENEW_INTERVAL_SECONDS
        )
        self.start_count = 0
        self.is_working = False

    async def work(self) -> None:
        self.start_count += 1
        self.is_working = True
        try:
            await asyncio.Event().wait()
        finally:
            self.is_working = False


@asynccontextmanager
async def run_candidate(url: str) -> AsyncIterator[LeaderCandidate]:
    bot = LeaderCandidate(url)
    tasks = [
        asyncio.create_task(bot.leader_lock.run()),
        asyncio.create_task(bot.leader_lock.run_while_leader(bot.work)),
    ]
    try:
        yield bot
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        await bot.leader_lock.close()
        await bot.redis.aclose()


async def wait_until_working(bot: LeaderCandidate, *, is_working: bool) -> float:
    """Wait until the bot works, or works no longer, and return how many seconds that took."""
    started = time.monotonic()
    async with asyncio.timeout(5):
        while bot.is_working is not is_working:  # noqa: ASYNC110 - a flag has no event
            await asyncio.sleep(0.01)
    return time.monotonic() - started


async def test_one_of_two_bots_works_and_the_other_follows_at_once_when_it_stops(redis_url: str) -> None:
    async with AsyncExitStack() as both:
        first_stack = await both.enter_async_context(AsyncExitStack())
        first = await first_stack.enter_async_context(run_candidate(redis_url))
        await wait_until_working(first, is_working=True)
        second = await both.enter_async_context(run_candidate(redis_url))
        await asyncio.sleep(2 * LEASE_SECONDS)
        assert (first.start_count, first.is_working, second.start_count) == (1, True, 0)

        await first_stack.aclose()

        assert await wait_until_working(second, is_working=True) < 3 * RENEW_INTERVAL_SECONDS
        assert not first.is_working


async def test_a_bot_that_never_asked_for_the_lease_has_none_to_give_up(caplog: pytest.LogCaptureFixture) -> None:
    """A bot that cannot start without Redis says why, and nothing about a leader."""
    unreachable = connect_bot("redis://127.0.0.1:1/0")

    with caplog.at_level("DEBUG", logger="bot"):
        await LeaderLock(unreachable, "bot-1").close()

    assert caplog.text == ""
    await unreachable.aclose()


async def test_a_bot_that_loses_its_lease_stops_working_and_starts_again_when_it_has_it_back(redis_url: str) -> None:
    async with run_candidate(redis_url) as bot:
        await wait_until_working(bot, is_working=True)
        with redis.Redis.from_url(redis_url) as client:
            client.set(DEFAULT_KEYS.leader, "another", px=int(LEASE_SECONDS * 1000))

        await wait_until_working(bot, is_working=False)
        seconds = await wait_until_working(bot, is_working=True)

    assert bot.start_count == 2
    assert seconds < LEASE_SECONDS + 5 * RENEW_INTERVAL_SECONDS


async def test_work_that_swallows_a_cancellation_is_cancelled_again(redis_url: str) -> None:
    """As a command of redis-py does: the bot could not stop, and was killed after 20 s."""
    async with run_candidate(redis_url) as bot:
        await wait_until_working(bot, is_working=True)
        stubborn = asyncio.create_task(bot.leader_lock.run_while_leader(partial(swallow_cancellation, bot.work)))
        await asyncio.sleep(0.1)

        stubborn.cancel()
        _, pending = await asyncio.wait({stubborn}, timeout=10)

    assert not pending


async def swallow_cancellation(work: Callable[[], Awaitable[None]]) -> None:
    with suppress(asyncio.CancelledError):
        await work()
    await work()


async def test_the_leader_still_leads_after_redis_was_emptied(redis_url: str) -> None:
    async with run_candidate(redis_url) as bot:
        await wait_until_working(bot, is_working=True)
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()

        await asyncio.sleep(3 * RENEW_INTERVAL_SECONDS)

        assert (bot.start_count, bot.is_working) == (1, True)


async def test_a_bot_that_stops_before_it_led_does_not_blame_another(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect_bot(redis_url)

    await LeaderLock(client, "bot-1").close()
    await client.aclose()

    assert caplog.records == []


async def test_redis_counts_as_answering_until_it_has_not_let_the_bot_ask_for_a_while(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.queue.leader_lock.ANSWER_TIMEOUT_SECONDS", 0.5)
    async with run_candidate(redis_url) as bot:
        await asyncio.sleep(1)
        assert bot.leader_lock.is_answered()
        assert bot.leader_lock.is_leader
        with redis.Redis.from_url(redis_url) as client:
            client.client_pause(1500)
            await asyncio.sleep(1)
            assert not bot.leader_lock.is_answered()
            await asyncio.sleep(1.5)
        assert bot.leader_lock.is_answered()
