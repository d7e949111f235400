"""Errors of Redis are counted at the connections of the bot and of the worker, once each, and none without a fault."""

from collections import Counter

import pytest
from redis.exceptions import RedisError

from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.error_counting import count_connections
from bot.queue.error_counting import count_redis_errors as count_errors_of_bot
from bot.queue.measurement import RedisQueueMeasurement
from shared.catalogue import Catalogue
from shared.queue.keys import DEFAULT_KEYS
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.error_counting import count_redis_errors as count_errors_of_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


async def test_the_bot_counts_refusals_and_lost_connections_alone(redis_url: str, catalogue: Catalogue) -> None:
    counts: Counter[str] = Counter()
    client = connect_bot(redis_url)
    count_errors_of_bot(client, lambda kind: counts.update([kind]))

    await client.script_flush()
    await RedisQueueMeasurement(client, catalogue).measure()  # loads its script again: no fault
    await client.set(DEFAULT_KEYS.dead_letters, "no number")
    assert not counts
    pipeline = client.pipeline(transaction=False)
    pipeline.incr(DEFAULT_KEYS.dead_letters)
    await pipeline.execute(raise_on_error=False)
    assert counts == {"other": 1}
    assert count_connections(client) == (0, 1)
    await client.aclose()

    lost = connect_bot(NOBODY_LISTENS)
    count_errors_of_bot(lost, lambda kind: counts.update([kind]))
    with pytest.raises(RedisError):
        await lost.ping()
    assert counts["connection"] >= 1


def test_the_worker_counts_them_too(redis_url: str, catalogue: Catalogue) -> None:
    counts: Counter[str] = Counter()
    client = connect_worker(redis_url)
    count_errors_of_worker(client, lambda kind: counts.update([kind]))

    client.script_flush()
    WorkerJobQueue(client, lambda _: None).sweep(catalogue)
    assert not counts
    client.set(DEFAULT_KEYS.dead_letters, "no number")
    pipeline = client.pipeline(transaction=False)
    pipeline.incr(DEFAULT_KEYS.dead_letters)
    pipeline.execute(raise_on_error=False)
    assert counts == {"other": 1}
    client.close()

    lost = connect_worker(NOBODY_LISTENS)
    count_errors_of_worker(lost, lambda kind: counts.update([kind]))
    with pytest.raises(RedisError):
        lost.ping()
    assert counts["connection"] >= 1
