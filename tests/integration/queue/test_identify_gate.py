"""Shards of several processes identify one after the other."""

import asyncio
import time

import pytest

from bot.queue.connection import connect_to_redis
from bot.queue.identify_gate import RedisIdentifyGate


async def test_shards_of_one_bucket_take_turns_and_those_of_another_do_not_wait(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.queue.identify_gate.IDENTIFY_INTERVAL_SECONDS", 0.4)
    monkeypatch.setattr("bot.queue.identify_gate.POLL_INTERVAL_SECONDS", 0.02)
    connections = [connect_to_redis(redis_url) for _ in range(2)]
    first, second = (RedisIdentifyGate(redis) for redis in connections)
    times: dict[str, float] = {}

    async def identify(name: str, gate: RedisIdentifyGate, bucket: int) -> None:
        await gate.wait_for_turn(bucket)
        times[name] = time.monotonic()

    await asyncio.gather(identify("a", first, 0), identify("b", second, 0), identify("other", second, 1))
    for redis in connections:
        await redis.aclose()

    assert abs(times["a"] - times["b"]) >= 0.35
    assert times["other"] < max(times["a"], times["b"])


async def test_without_redis_a_shard_identifies_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.queue.identify_gate.IDENTIFY_INTERVAL_SECONDS", 0.05)
    redis = connect_to_redis("redis://127.0.0.1:1/0")

    async with asyncio.timeout(20):
        await RedisIdentifyGate(redis).wait_for_turn(0)
    await redis.aclose()
