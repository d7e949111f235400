"""The order in which jobs are claimed: users take turns, however many jobs each of them has queued."""

import asyncio
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import ScopeLimits
from shared.catalogue import Catalogue
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, claim_job, confirm_epoch, make_job, open_bot_queue
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue


async def test_a_user_with_one_job_does_not_wait_behind_a_user_with_many(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue
) -> None:
    for number in range(40):
        await bot_queue.enqueue_job(make_job(number, user=1), None)
    for user in range(2, 12):
        await bot_queue.enqueue_job(make_job(100 + user, user=user), None)

    order = []
    for _ in range(50):
        claim = claim_job(worker_queue)
        order.append(claim.job.requester.id)
        worker_queue.finish(claim, GENERATED, b"p")

    assert set(order[:12]) >= set(range(2, 12))
    assert Counter(order)[1] == 40


async def test_a_user_runs_no_more_jobs_than_the_limit_and_blocked_jobs_come_back(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue
) -> None:
    for number in range(5):
        await bot_queue.enqueue_job(make_job(number, user=1), None)

    first, second = claim_job(worker_queue), claim_job(worker_queue)
    assert worker_queue.claim(Stage.GENERATE) is None

    worker_queue.finish(first, GENERATED, b"p")
    third = claim_job(worker_queue)
    assert worker_queue.claim(Stage.GENERATE) is None
    worker_queue.finish(second, GENERATED, b"p")
    worker_queue.finish(third, GENERATED, b"p")
    assert {claim_job(worker_queue).job.id, claim_job(worker_queue).job.id} == {"3", "4"}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(users=st.lists(st.integers(min_value=1, max_value=4), min_size=1, max_size=24))
def test_no_user_is_served_two_jobs_more_than_one_who_still_waits(
    redis_url: str, catalogue: Catalogue, users: list[int]
) -> None:
    """`users` are the requesters in order; all jobs are queued before the first is claimed."""
    client = connect_worker(redis_url)
    client.flushall()
    confirm_epoch(client)
    worker_queue = WorkerJobQueue(client, lambda _: None)

    async def enqueue_jobs() -> None:
        limits = ScopeLimits(max_open=20, max_running=99)
        async with open_bot_queue(redis_url, catalogue, user=limits) as queue:
            for number, user in enumerate(users):
                await queue.enqueue_job(make_job(number, user), None)

    asyncio.run(enqueue_jobs())
    served: Counter[int] = Counter()
    queued = Counter(users)
    while claim := worker_queue.claim(Stage.GENERATE):
        user = claim.job.requester.id
        served[user] += 1
        queued[user] -= 1
        assert all(served[user] - served[other] <= 1 for other, left in queued.items() if left and other != user)
    assert served == Counter(users)
    client.close()
