"""Numbers in Redis that are none: the job that has them goes on, and no script fails for all others."""

import re
from typing import Any

import pytest
import redis

from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from shared.catalogue import Catalogue
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, claim_job, make_job, wait_for_lease_expiry
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

NUMBER = re.compile(rb"-?\d+(\.\d+)?")


def damage_numbers(client: redis.Redis, value: bytes) -> int:
    """Replace every number that is a value of a key or of a field; return how many there were."""
    damaged = 0
    keys: Any = client.keys(f"{DEFAULT_KEYS.prefix}*")
    for key in keys:
        if key == DEFAULT_KEYS.format.encode():
            continue
        if client.type(key) == b"string":
            content: Any = client.get(key)
            if NUMBER.fullmatch(content):
                client.set(key, value)
                damaged += 1
        elif client.type(key) == b"hash":
            fields: Any = client.hgetall(key)
            fields.pop(b"claim_token", None)  # no number, though one in 2,000 has no letter
            numbers = {name: value for name, content in fields.items() if NUMBER.fullmatch(content)}
            if numbers:
                client.hset(key, mapping=numbers)
            damaged += len(numbers)
    return damaged


@pytest.mark.parametrize("value", [b"x", b"", b"-", b"nan", b"inf", b"1e999", b"0x"])
async def test_no_number_that_is_none_keeps_jobs_from_ending(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue, redis_url: str, value: bytes
) -> None:
    ids = [str(number) for number in range(1, 5)]
    for job_id in ids:
        await bot_queue.enqueue_job(make_job(int(job_id), int(job_id)), None)
    worker_queue.sweep(catalogue)
    claimed = [claim_job(worker_queue) for _ in range(3)]
    assert all(map(worker_queue.start_call, claimed))
    _, failed, released = claimed
    worker_queue.release(released, delay_seconds=0.1, is_unknown_call=True, is_throttled=True)

    with redis.Redis.from_url(redis_url) as client:
        assert damage_numbers(client, value) > 20
        worker_queue.record_failed_call(failed, pause_seconds=0.1)
        damage_numbers(client, value)
        worker_queue.return_claim(failed)
        worker_queue.renew_leases()
        damage_numbers(client, value)
        await wait_for_lease_expiry(worker_queue, catalogue)
        damage_numbers(client, value)

        ended = []
        while (claim := worker_queue.claim(Stage.GENERATE)) is not None:
            damage_numbers(client, value)
            assert worker_queue.start_call(claim)
            assert worker_queue.finish(claim, GENERATED)
            damage_numbers(client, value)
            worker_queue.sweep(catalogue)
            ended.append(claim.job.id)

    assert sorted(ended) == ids
    rows = await bot_queue.load_statuses(ids), await bot_queue.load_unreadable_jobs(ids)
    assert sum(map(len, rows)) == len(ids)
