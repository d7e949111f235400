"""What the queue holds of jobs that have ended is dropped; an open job stays, whoever asks."""

import redis

from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.outcomes import RedisOutcomeStream
from shared.queue.keys import dead_letter_key
from tests.support.redis_queue import GENERATED, claim_job, make_job
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue


async def test_only_ended_jobs_are_dropped(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, redis_url: str
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    worker_queue.finish(claim_job(worker_queue), GENERATED, b"picture")
    (ended,) = await outcomes.read_outcomes()
    await outcomes.acknowledge_outcome(ended, 99)
    await bot_queue.enqueue_job(make_job(2), None)
    with redis.Redis.from_url(redis_url) as client:
        client.hset(dead_letter_key("3"), "job", "a prompt")

        await bot_queue.purge_jobs(["1", "2", "3", *map(str, range(1000, 1500))])

        assert [standing.job.id for standing in await bot_queue.load_statuses(["1", "2"])] == ["2"]
        assert client.exists(dead_letter_key("3")) == 0
        assert b"a castle" not in b"".join(client.dump(key) or b"" for key in client.scan_iter("*1"))
