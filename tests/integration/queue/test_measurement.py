"""One measurement tells the whole queue to the operator: jobs by stage, model and priority, ages, and models."""

import math
import time

import pytest
import redis

from bot.domain.queue_gauges import QueueGauges, QueueLength
from bot.metrics.queue_families import build_queue_families
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.measurement import RedisQueueMeasurement
from bot.queue.outcomes import RedisOutcomeStream
from bot.queue.paused_guilds import RedisPausedGuilds
from shared.catalogue import Catalogue
from shared.job import Priority
from shared.problems import make_problem
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, claim_job, confirm_epoch, make_job
from worker.accounts import AccountPool
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

SD, CORE = "sd3.5-large", "stable-image-core"


async def measure(redis_url: str, catalogue: Catalogue) -> QueueGauges:
    client = connect_bot(redis_url)
    try:
        return await RedisQueueMeasurement(client, catalogue).measure()
    finally:
        await client.aclose()


def find_queue(gauges: QueueGauges, model: str) -> QueueLength:
    return next(row for row in gauges.queues if row.model == model)


async def test_an_empty_queue_that_no_worker_has_seen(
    redis_url: str, catalogue: Catalogue, client: redis.Redis
) -> None:
    client.delete(f"{DEFAULT_KEYS.prefix}epoch")

    gauges = await measure(redis_url, catalogue)

    assert [row.model for row in gauges.queues] == ["-", *catalogue.models]
    assert {(row.normal, row.low, row.running) for row in gauges.queues} == {(0, 0, 0)}
    assert (gauges.open_jobs, gauges.undelivered_outcomes, gauges.dead_letters) == (0, 0, 0)
    assert (gauges.sweep_age_seconds, gauges.has_worker, gauges.is_held) == (math.inf, False, True)
    assert (gauges.is_saved, gauges.used_memory > 500_000) == (True, True)


async def test_jobs_are_counted_where_they_are(
    redis_url: str,
    catalogue: Catalogue,
    client: redis.Redis,
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    outcomes: RedisOutcomeStream,
) -> None:
    confirm_epoch(client)
    await bot_queue.enqueue_job(make_job(1, user=1, has_picture=True), b"picture")
    await bot_queue.enqueue_job(make_job(2, user=2), None)
    worker_queue.finish(claim_job(worker_queue), GENERATED, b"picture")
    for number, model, priority in ((3, SD, Priority.LOW), (4, CORE, Priority.NORMAL)):
        await bot_queue.enqueue_job(make_job(number, user=number, model=model, priority=priority), None)
    await bot_queue.enqueue_job(make_job(5, user=5, guild=9, model=CORE), None)
    guilds = connect_bot(redis_url)
    await RedisPausedGuilds(guilds).set_guilds([9])
    await guilds.aclose()
    claimed = claim_job(worker_queue)
    worker_queue.sweep(catalogue)
    now_ms = time.time() * 1000
    client.zadd(
        DEFAULT_KEYS.open_jobs, {"1": now_ms - 9_000, "2": now_ms - 90_000, "3": now_ms - 5_000, "5": now_ms - 99_000}
    )

    gauges = await measure(redis_url, catalogue)

    assert claimed.job.id == "4"
    assert find_queue(gauges, "-") == QueueLength("-", 1, 0, 0)
    assert find_queue(gauges, SD) == QueueLength(SD, 0, 1, 0)
    assert find_queue(gauges, CORE) == QueueLength(CORE, 0, 0, 1)
    assert (gauges.open_jobs, gauges.parked_jobs, gauges.undelivered_outcomes) == (5, 1, 1)
    assert gauges.oldest_normal_seconds == pytest.approx(9, abs=2), "neither the finished nor the parked job"
    assert gauges.oldest_low_seconds == pytest.approx(5, abs=2)
    assert 0 <= gauges.oldest_undelivered_seconds < 2
    assert (gauges.has_worker, gauges.is_held) == (True, False)


async def test_calls_that_are_held_back_are_told_by_model(
    redis_url: str, catalogue: Catalogue, client: redis.Redis, worker_queue: WorkerJobQueue
) -> None:
    worker_queue.sweep(catalogue)
    worker_queue.disable_model(CORE, "default", make_problem("model_gone", model="Core"))
    client.hset(DEFAULT_KEYS.pace_key(SD), mapping={"interval_ms": 1500, "paused_until": 1})

    states = {state.model: state for state in (await measure(redis_url, catalogue)).models}

    assert (states[SD].is_paused, states[SD].is_disabled, states[SD].interval_seconds) == (True, False, 1.5)
    assert (states[CORE].is_paused, states[CORE].is_disabled) == (False, True)


async def test_calls_that_are_held_back_are_told_by_account(
    redis_url: str, catalogue: Catalogue, client: redis.Redis
) -> None:
    assert {state.account for state in (await measure(redis_url, catalogue)).accounts} == {"default"}
    accounts = ("111111111111", "222222222222")
    with connect_worker(redis_url) as connection:
        queue = WorkerJobQueue(connection, lambda _: None, accounts=AccountPool(accounts))
        queue.sweep(catalogue)
        queue.disable_model(CORE, "222222222222", make_problem("model_gone", model="Core"))
        client.hset(DEFAULT_KEYS.pace_key(SD, "111111111111"), "paused_until", 1)

        gauges = await measure(redis_url, catalogue)

    assert len(gauges.accounts) == 2 * len(catalogue.models)
    assert [(row.account, row.model) for row in gauges.accounts if row.is_paused] == [("111111111111", SD)]
    assert [(row.account, row.model) for row in gauges.accounts if row.is_disabled] == [("222222222222", CORE)]
    assert not any(model.is_paused or model.is_disabled for model in gauges.models), "another account has room"
    families = {family.name: family for family in build_queue_families(gauges)}
    (disabled,) = (s for s in families["pentimento_account_model_disabled"].samples if s.value)
    assert disabled.labels == {"account": "222222222222", "model": CORE}


async def test_thousands_of_jobs_are_measured_in_milliseconds(
    redis_url: str, catalogue: Catalogue, client: redis.Redis
) -> None:
    now_ms = int(time.time() * 1000)
    with client.pipeline(transaction=False) as pipeline:
        for number in range(5000):  # jobs that all run, so that none of them is the oldest one that waits
            pipeline.zadd(DEFAULT_KEYS.open_jobs, {str(number): now_ms - 60_000 + number})
        waiting = {str(number): number for number in range(5000, 9000)}
        pipeline.zadd(f"{DEFAULT_KEYS.prefix}queued:{Stage.GENERATE}:{SD}", waiting)
        pipeline.execute()
    await measure(redis_url, catalogue)

    started = time.perf_counter()
    gauges = await measure(redis_url, catalogue)
    seconds = time.perf_counter() - started

    assert find_queue(gauges, SD).normal == 4000
    assert gauges.oldest_normal_seconds == pytest.approx(59.5, abs=3), "no younger than the oldest that may wait"
    assert seconds < 0.1
