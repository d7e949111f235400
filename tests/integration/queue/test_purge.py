"""Purging deletes what Redis holds of jobs that have ended, and keeps open jobs."""

import redis

from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.outcomes import RedisOutcomeStream
from shared.queue.keys import DEFAULT_KEYS
from tests.support.redis_queue import GENERATED, claim_job, make_job
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue


async def test_only_jobs_that_have_ended_are_purged(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, redis_url: str
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    worker_queue.finish(claim_job(worker_queue), GENERATED, b"picture")
    [entry] = await outcomes.read_outcomes()
    await outcomes.acknowledge_outcome(entry, 99)
    await bot_queue.enqueue_job(make_job(2), None)
    with redis.Redis.from_url(redis_url) as client:
        client.hset(DEFAULT_KEYS.dead_letter_key("3"), "job", "a prompt")

        await bot_queue.purge_jobs(["1", "2", "3", *map(str, range(1000, 1500))])

        assert [status.job.id for status in await bot_queue.load_statuses(["1", "2"])] == ["2"]
        assert client.exists(DEFAULT_KEYS.dead_letter_key("3")) == 0
        assert b"a castle" not in b"".join(client.dump(key) or b"" for key in client.scan_iter("*1"))
