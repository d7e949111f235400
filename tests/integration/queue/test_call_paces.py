"""How long a batch takes is estimated from the pace of its models and the latest calls."""

import pytest
import redis

from bot.queue.call_paces import RedisCallPaces
from bot.queue.connection import connect_to_redis
from shared.catalogue import Catalogue
from shared.queue.keys import DEFAULT_KEYS

FAST, SLOW = "sd3.5-large", "stable-image-ultra"


@pytest.mark.parametrize(
    ("counts", "seconds"),
    [
        ({}, 0.0),
        ({FAST: 1}, 2.0),
        ({FAST: 10}, 6.0),  # three rounds of four calls
        ({FAST: 40, SLOW: 5}, 50.0),  # models run side by side; this one starts a call each 10 s at most
    ],
)
async def test_calls_run_in_rounds_as_close_together_as_the_pace_allows(
    redis_url: str, client: redis.Redis, catalogue: Catalogue, counts: dict[str, int], seconds: float
) -> None:
    client.hset(DEFAULT_KEYS.pace_key(FAST), mapping={"concurrency": 4, "interval_ms": 0})
    client.rpush(DEFAULT_KEYS.call_durations_key(FAST), 1000, 3000)
    client.hset(DEFAULT_KEYS.pace_key(SLOW), mapping={"concurrency": 9, "interval_ms": 10_000})
    client.rpush(DEFAULT_KEYS.call_durations_key(SLOW), 10_000)
    async with connect_to_redis(redis_url) as connection:
        assert await RedisCallPaces(connection, catalogue).estimate_seconds(counts) == seconds


async def test_a_model_that_was_never_called_takes_as_long_as_the_catalogue_says(
    redis_url: str, catalogue: Catalogue
) -> None:
    async with connect_to_redis(redis_url) as connection:
        estimate = await RedisCallPaces(connection, catalogue).estimate_seconds({FAST: 2})

    assert estimate == 2 * catalogue.models[FAST].typical_seconds
