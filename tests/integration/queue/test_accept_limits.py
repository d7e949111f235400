"""Limits on open and on recently accepted jobs of a user, a channel and a guild, which hold over all bots."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import ScopeLimits
from bot.queue.outcomes import RedisOutcomeStream
from shared.catalogue import Catalogue
from shared.job import Job
from shared.problems import Problem, RejectedError, make_problem
from shared.queue.keys import DEFAULT_KEYS
from tests.support.redis_queue import GENERATED, claim_job, make_job, open_bot_queue
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

MINUTE_MS = 60_000


@dataclass
class BotQueues:
    """Opens the queues of several bots on one Redis, and sets the times at which jobs were accepted back."""

    url: str
    catalogue: Catalogue
    exit_stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def open_queue(self, **limits: ScopeLimits) -> BotJobQueue:
        many = {"user": ScopeLimits(max_open=999, max_running=2)}
        return await self.exit_stack.enter_async_context(open_bot_queue(self.url, self.catalogue, **{**many, **limits}))

    async def age_accepted_jobs(self, milliseconds: int) -> None:
        """Make all jobs older that rate limits count."""
        async with connect_bot(self.url) as redis:
            async for name in redis.scan_iter(f"{DEFAULT_KEYS.prefix}accepted:*"):
                members: Any = await redis.zrange(name, 0, -1)
                for member in members:
                    await redis.zincrby(name, -milliseconds, member)

    async def deliver_one_job(self) -> None:
        client = connect_worker(self.url)
        worker_queue = WorkerJobQueue(client, lambda _: None)
        worker_queue.finish(claim_job(worker_queue), GENERATED, b"picture")
        client.close()
        async with connect_bot(self.url) as redis:
            outcomes = RedisOutcomeStream(redis, self.catalogue)
            [entry] = await outcomes.read_outcomes()
            await outcomes.acknowledge_outcome(entry, 99)


@pytest.fixture
async def bot_queues(redis_url: str, catalogue: Catalogue) -> AsyncIterator[BotQueues]:
    queues = BotQueues(redis_url, catalogue)
    async with queues.exit_stack:
        yield queues


async def expect_rejection(submission: Awaitable[bool]) -> Problem:
    with pytest.raises(RejectedError) as rejected:
        await submission
    [problem] = rejected.value.problems
    return problem


JobMaker = Callable[[int], Job]
JOB_MAKERS: dict[str, tuple[JobMaker, JobMaker]] = {
    "channel": (lambda n: make_job(n, user=n, guild=n), lambda n: make_job(n, channel=9, user=n, guild=n)),
    "guild": (
        lambda n: make_job(n, user=n, channel=n, guild=3),
        lambda n: make_job(n, guild=9, user=n, channel=n),
    ),
    "user": (lambda n: make_job(n, channel=n, guild=n), lambda n: make_job(n, user=9, channel=n, guild=n)),
}
"""For each kind of scope: makes jobs that share one, and makes a job of another one."""


@pytest.mark.parametrize("scope", ["channel", "guild"])
async def test_the_limit_on_open_jobs_of_a_channel_or_guild_holds_over_all_bots(
    bot_queues: BotQueues, scope: str
) -> None:
    make_job_here, make_job_elsewhere = JOB_MAKERS[scope]
    one, other = [await bot_queues.open_queue(**{scope: ScopeLimits(max_open=3)}) for _ in range(2)]
    for number in range(1, 4):
        assert await (one if number % 2 else other).enqueue_job(make_job_here(number), None)

    for queue in (one, other):
        assert await expect_rejection(queue.enqueue_job(make_job_here(4), None)) == make_problem(
            f"too_many_waiting_{scope}", count=3, limit=3
        )
    assert await one.enqueue_job(make_job_elsewhere(5), None)


@pytest.mark.parametrize("scope", ["channel", "guild"])
async def test_a_delivered_job_makes_room_for_another(bot_queues: BotQueues, scope: str) -> None:
    make_job_here, _ = JOB_MAKERS[scope]
    queue = await bot_queues.open_queue(**{scope: ScopeLimits(max_open=2)})
    for number in (1, 2):
        await queue.enqueue_job(make_job_here(number), None)
    await expect_rejection(queue.enqueue_job(make_job_here(3), None))

    await bot_queues.deliver_one_job()

    assert await queue.enqueue_job(make_job_here(3), None)
    problem = await expect_rejection(queue.enqueue_job(make_job_here(4), None))
    assert problem.facts == {"count": 2, "limit": 2}


@pytest.mark.parametrize("scope", ["user", "channel", "guild"])
async def test_the_limit_on_jobs_accepted_within_any_minute_holds_over_all_bots(
    bot_queues: BotQueues, scope: str
) -> None:
    make_job_here, make_job_elsewhere = JOB_MAKERS[scope]
    one, other = [await bot_queues.open_queue(**{scope: ScopeLimits(max_per_minute=3)}) for _ in range(2)]
    await one.enqueue_job(make_job_here(1), None)
    await bot_queues.age_accepted_jobs(20_000)
    for number in (2, 3):
        await other.enqueue_job(make_job_here(number), None)

    problem = await expect_rejection(one.enqueue_job(make_job_here(4), None))
    assert problem.code == f"too_often_{scope}"
    assert problem.facts["limit"] == 3
    seconds = int(problem.facts["seconds"])
    assert 38 <= seconds <= 40
    assert await one.enqueue_job(make_job_elsewhere(5), None)

    await bot_queues.age_accepted_jobs(seconds * 1000)
    assert await one.enqueue_job(make_job_here(4), None)
    await expect_rejection(other.enqueue_job(make_job_here(6), None))
    await bot_queues.age_accepted_jobs(MINUTE_MS)
    assert [await other.enqueue_job(make_job_here(number), None) for number in (6, 7, 8)] == [True] * 3


async def test_a_repeated_interaction_counts_once_and_a_rejected_job_does_not_count(bot_queues: BotQueues) -> None:
    queue = await bot_queues.open_queue(user=ScopeLimits(max_per_minute=2), channel=ScopeLimits(max_open=1))
    assert await queue.enqueue_job(make_job(1), None)
    assert not await queue.enqueue_job(make_job(1), None)
    for number in range(2, 6):
        problem = await expect_rejection(queue.enqueue_job(make_job(number), None))
        assert problem.code == "too_many_waiting_channel"

    assert await queue.enqueue_job(make_job(6, channel=9), None)
    assert (await expect_rejection(queue.enqueue_job(make_job(7, channel=10), None))).code == "too_often_user"


async def test_a_job_that_redis_has_lost_is_accepted_again_whatever_the_limits(bot_queues: BotQueues) -> None:
    queue = await bot_queues.open_queue(
        user=ScopeLimits(max_per_minute=1),
        channel=ScopeLimits(max_open=1, max_per_minute=1),
        guild=ScopeLimits(max_open=1, max_per_minute=1),
    )
    assert await queue.enqueue_job(make_job(1), None)

    assert await queue.enqueue_job(make_job(2), None, unknown_calls=1)


async def test_zero_means_no_limit(bot_queues: BotQueues) -> None:
    queue = await bot_queues.open_queue()

    assert all([await queue.enqueue_job(make_job(number), None) for number in range(300)])


async def test_rate_limits_store_no_more_than_they_need(bot_queues: BotQueues, redis_url: str) -> None:
    queue = await bot_queues.open_queue(
        user=ScopeLimits(max_per_minute=5),
        channel=ScopeLimits(max_open=4, max_per_minute=5),
        guild=ScopeLimits(max_open=4, max_per_minute=5),
    )
    for number in range(30):
        await queue.enqueue_job(make_job(number), None)
        await bot_queues.deliver_one_job()
        await bot_queues.age_accepted_jobs(MINUTE_MS)

    async with connect_bot(redis_url) as redis:
        names = [name async for name in redis.scan_iter(f"{DEFAULT_KEYS.prefix}accepted:*")]
        sizes = [await redis.zcard(name) for name in names]
        remaining_ms = [await redis.pttl(name) for name in names]
    assert len(names) == 3
    assert max(sizes) <= 5
    assert min(remaining_ms) > 0


@pytest.mark.parametrize("kind", JOB_MAKERS)
@pytest.mark.parametrize("limits", [ScopeLimits(max_open=2), ScopeLimits(max_per_minute=2)])
async def test_a_limit_is_told_beforehand_as_it_refuses_and_asking_stores_nothing(
    bot_queues: BotQueues, kind: str, limits: ScopeLimits
) -> None:
    queue = await bot_queues.open_queue(**{kind: limits})
    make_same, make_other = JOB_MAKERS[kind]

    async def ask(job: Job) -> Problem | None:
        return await queue.find_limit_problem(
            job.request.model, job.requester.id, job.origin.channel_id, job.origin.guild_id
        )

    before = [await ask(make_same(number)) for number in range(5)]
    for number in range(2):
        await queue.enqueue_job(make_same(number), None)
    asked, refused = await ask(make_same(2)), await expect_rejection(queue.enqueue_job(make_same(2), None))

    assert before == [None] * 5
    assert asked is not None
    assert (asked.code, asked.facts["limit"]) == (refused.code, refused.facts["limit"]) != ("", 0)
    assert await ask(make_other(2)) is None
    assert len(await queue.list_open_jobs()) == 2
