"""Partitions of outcomes on a real Redis: shares, handing over, bots that were killed or frozen, lost data."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
import redis

from bot.domain.errors import PartitionLostError
from bot.domain.partitions import PARTITION_COUNT, Tenure
from bot.queue.connection import QueueRedis, connect_to_redis
from bot.queue.delivery_partitions import DeliveryPartitions
from bot.queue.outcomes import RedisOutcomeStream
from shared.catalogue import Catalogue
from shared.queue.keys import DEFAULT_KEYS
from tests.support.discord_guild import wait_until

LEASE_SECONDS, RENEW_INTERVAL_SECONDS = 0.6, 0.1


class DeliveringBot:
    """A bot that has partitions."""

    def __init__(self, url: str, token: str) -> None:
        self.redis: QueueRedis = connect_to_redis(url)
        self.partitions = DeliveryPartitions(
            self.redis, token, lease_seconds=LEASE_SECONDS, renew_interval_seconds=RENEW_INTERVAL_SECONDS
        )
        self.running = asyncio.create_task(self.partitions.run())

    @property
    def share(self) -> frozenset[int]:
        return frozenset(self.partitions.tenures)

    def kill(self) -> None:
        """Let it neither renew nor give up anything."""
        self.running.cancel()


@pytest.fixture(autouse=True)
def _quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.queue.delivery_partitions.EXPECTING_INTERVAL_SECONDS", 0.05)


@pytest.fixture
def admin(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@asynccontextmanager
async def run_bot(url: str, token: str) -> AsyncIterator[DeliveringBot]:
    bot = DeliveringBot(url, token)
    try:
        yield bot
    finally:
        bot.running.cancel()
        with suppress(asyncio.CancelledError):
            await bot.running
        await bot.partitions.close()
        await bot.redis.aclose()


def has_all(*bots: DeliveringBot) -> bool:
    """Tell whether the shares of these bots are all partitions, each once."""
    shares = [bot.share for bot in bots]
    return all(shares) and sum(map(len, shares)) == len(frozenset().union(*shares)) == PARTITION_COUNT


async def hold_until_lost(bot: DeliveringBot, tenure: Tenure) -> None:
    async with bot.partitions.hold(tenure):
        await asyncio.sleep(60)


async def test_bots_share_the_partitions_and_take_over_those_of_one_that_ends(redis_url: str) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(run_bot(redis_url, "bot-1"))
        await wait_until(lambda: has_all(first))
        kept = dict(first.partitions.tenures)
        second = await stack.enter_async_context(run_bot(redis_url, "bot-2"))
        await wait_until(lambda: has_all(first, second))
        assert all(kept[partition] is tenure for partition, tenure in first.partitions.tenures.items())
        async with run_bot(redis_url, "bot-3") as third:
            await wait_until(lambda: has_all(first, second, third))
        await wait_until(lambda: has_all(first, second), LEASE_SECONDS)

        second.kill()
        killed_at = asyncio.get_running_loop().time()
        await wait_until(lambda: has_all(first))

        assert asyncio.get_running_loop().time() - killed_at > LEASE_SECONDS / 2


async def test_a_partition_is_handed_over_when_nothing_of_it_goes_on(redis_url: str) -> None:
    async with run_bot(redis_url, "bot-1") as first:
        await wait_until(lambda: has_all(first))
        async with AsyncExitStack() as holds, run_bot(redis_url, "bot-2") as second:
            tenures = list(first.partitions.tenures.values())
            for tenure in tenures:
                await holds.enter_async_context(first.partitions.hold(tenure))
            await wait_until(lambda: len(first.share) < PARTITION_COUNT)
            await asyncio.sleep(2 * LEASE_SECONDS)
            assert not second.share
            lost = next(tenure for tenure in tenures if tenure.ended.is_set())
            with pytest.raises(PartitionLostError):
                await hold_until_lost(first, lost)

            await holds.aclose()

            await wait_until(lambda: has_all(first, second))
            assert all(tenure.since > lost.since for tenure in second.partitions.tenures.values())


async def test_a_bot_that_cannot_renew_lets_go_before_another_takes_over_unless_it_is_alone(
    redis_url: str, admin: redis.Redis
) -> None:
    async with run_bot(redis_url, "bot-1") as first:
        await wait_until(lambda: has_all(first))
        async with run_bot(redis_url, "bot-2") as second:
            await wait_until(lambda: has_all(first, second))
            tenure = next(iter(first.partitions.tenures.values()))
            holding = asyncio.create_task(hold_until_lost(first, tenure))
            await asyncio.sleep(2 * RENEW_INTERVAL_SECONDS)
            first.kill()

            with pytest.raises(PartitionLostError):
                await asyncio.wait_for(holding, 5)
            assert not first.share
            assert tenure.partition not in second.share
            await wait_until(lambda: has_all(second))

            tenure = next(iter(second.partitions.tenures.values()))
            alone = asyncio.create_task(hold_until_lost(second, tenure))
            admin.client_pause(int(2000 * LEASE_SECONDS))
            await asyncio.sleep(1.5 * LEASE_SECONDS)
            assert not alone.done()
            assert has_all(second)
            alone.cancel()


async def test_a_bot_that_was_frozen_delivers_nothing_of_what_others_took(redis_url: str) -> None:
    async with run_bot(redis_url, "bot-1") as first, run_bot(redis_url, "bot-2") as second:
        await wait_until(lambda: has_all(first, second))
        before = dict(first.partitions.tenures)
        first.kill()
        await wait_until(lambda: has_all(second))

        first.running = asyncio.create_task(first.partitions.run())
        await wait_until(lambda: has_all(first, second))

        after = first.partitions.tenures
        assert all(after[partition].since > tenure.since for partition, tenure in before.items() if partition in after)
        assert all(tenure.ended.is_set() for tenure in before.values())


async def test_bots_keep_their_shares_when_redis_loses_its_data(redis_url: str, admin: redis.Redis) -> None:
    async with run_bot(redis_url, "bot-1") as first, run_bot(redis_url, "bot-2") as second:
        await wait_until(lambda: has_all(first, second))
        before = {**first.partitions.tenures, **second.partitions.tenures}

        admin.flushall()
        await asyncio.sleep(3 * LEASE_SECONDS)

        after = {**first.partitions.tenures, **second.partitions.tenures}
        assert has_all(first, second)
        assert all(after[partition] is tenure for partition, tenure in before.items())


async def test_a_bot_waits_while_one_of_a_release_leads_that_delivers_alone(redis_url: str, admin: redis.Redis) -> None:
    async with run_bot(redis_url, "bot-1") as bot:
        await wait_until(lambda: has_all(bot))
        tenure = bot.partitions.tenures[0]

        admin.set(DEFAULT_KEYS.leader, "0123456789abcdef", px=1000)
        await wait_until(lambda: not bot.share)
        assert tenure.ended.is_set()
        await wait_until(lambda: admin.hlen(DEFAULT_KEYS.delivery_partitions) == 0)

        await wait_until(lambda: has_all(bot))
        admin.set(DEFAULT_KEYS.leader, "bot-2", px=1000)
        await asyncio.sleep(3 * RENEW_INTERVAL_SECONDS)
        assert has_all(bot)


async def test_a_registration_does_not_outlast_a_clock_that_is_set_back(redis_url: str, admin: redis.Redis) -> None:
    admin.hset(DEFAULT_KEYS.bots, "bot-0", 32_503_680_000_000)
    admin.hset(DEFAULT_KEYS.delivery_partitions, mapping={str(p): "bot-0" for p in range(PARTITION_COUNT)})

    async with run_bot(redis_url, "bot-1") as bot:
        await wait_until(lambda: has_all(bot), 3 * LEASE_SECONDS)


async def test_outcomes_that_a_bot_releases_are_read_again_with_the_whole_stream(
    redis_url: str, catalogue: Catalogue, admin: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.queue.outcomes.OUTCOME_BLOCK_SECONDS", 0.05)
    outcomes = RedisOutcomeStream(connect_to_redis(redis_url), catalogue)
    for number in range(3):
        admin.xadd(DEFAULT_KEYS.outcome_stream, {"job_id": str(number)})
    first, second, _ = await outcomes.read_outcomes()
    assert await outcomes.read_outcomes() == []

    outcomes.release_outcome(second)
    assert await outcomes.read_outcomes() == []
    outcomes.restart()
    assert await outcomes.read_outcomes() == [second]

    monkeypatch.setattr("bot.queue.outcomes.RECHECK_SECONDS", 0.0)
    admin.xadd(DEFAULT_KEYS.outcome_stream, {"job_id": "late"})
    assert [entry.job_id for entry in await outcomes.read_outcomes()] == ["late"]
    outcomes.release_outcome(first)
    async with asyncio.timeout(5):
        while not (again := await outcomes.read_outcomes()):
            pass
    assert again == [first]
    await outcomes.close()
