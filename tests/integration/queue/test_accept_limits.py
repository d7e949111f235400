"""Limits a person, a channel and a guild, kept in Redis: many bots on one Redis agree on them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.queue.connection import connect_to_redis
from bot.queue.job_queue import RedisJobQueue
from bot.queue.limits import Limits, ScopeLimits
from bot.queue.outcomes import RedisOutcomeStream
from shared.catalogue import Catalogue
from shared.job import Job, Origin, Requester
from shared.outcome import Generated
from shared.problems import RejectedError, make_problem
from shared.prompts import TextPrompt
from shared.queue.keys import KEY_PREFIX
from shared.queue.stages import Stage
from shared.request.model import Request
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

GENERATED = Generated(seed=7, media_type="image/png", width=64, height=64, duration_seconds=2.0)
MINUTE_MS = 60_000


def make_job(number: int, *, user: int = 1, channel: int = 2, guild: int = 3) -> Job:
    return Job(
        id=str(number),
        request=Request(model="sd3.5-large", text_prompts=(TextPrompt(text="a castle"),), has_picture=False),
        seed=7,
        requester=Requester(id=user, name="Ada"),
        origin=Origin(guild_id=guild, channel_id=channel, message_id=number),
        accepted_at=0.0,
    )


def send_no_ticket(stage: str) -> str:
    del stage
    return ""


@dataclass
class BotQueues:
    """Opens bots on one Redis, each with the same limits, and sets that Redis's books back in time."""

    url: str
    catalogue: Catalogue
    exit_stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def open_queue(self, **limits: ScopeLimits) -> RedisJobQueue:
        queue = RedisJobQueue(
            connect_to_redis(self.url),
            catalogue=self.catalogue,
            build_ticket=send_no_ticket,
            limits=Limits(**{"user": ScopeLimits(max_open=999, max_running=2), **limits}),
        )
        self.exit_stack.push_async_callback(queue.close)
        return queue

    async def age_requests(self, milliseconds: int) -> None:
        """Make all that was asked for so much older."""
        async with connect_to_redis(self.url) as redis:
            async for name in redis.scan_iter(f"{KEY_PREFIX}accepted:*"):
                members: Any = await redis.zrange(name, 0, -1)
                for member in members:
                    await redis.zincrby(name, -milliseconds, member)

    async def deliver_one(self) -> None:
        client = connect_worker(self.url)
        workers = WorkerJobQueue(client, lambda _: None)
        claim = workers.claim(Stage.GENERATE)
        assert claim is not None
        workers.finish(claim, GENERATED, b"picture")
        client.close()
        async with connect_to_redis(self.url) as redis:
            outcomes = RedisOutcomeStream(redis, self.catalogue)
            await outcomes.start()
            [entry] = await outcomes.read_outcomes()
            await outcomes.acknowledge_outcome(entry, 99)


@pytest.fixture
async def bots(redis_url: str, catalogue: Catalogue) -> AsyncIterator[BotQueues]:
    opened = BotQueues(redis_url, catalogue)
    async with opened.exit_stack:
        yield opened


async def expect_rejection(asking: Awaitable[bool]) -> Any:
    with pytest.raises(RejectedError) as refused:
        await asking
    [wrong] = refused.value.problems
    return wrong


JobMaker = Callable[[int], Job]
JOB_MAKERS: dict[str, tuple[JobMaker, JobMaker]] = {
    "channel": (lambda n: make_job(n, user=n, guild=n), lambda n: make_job(n, channel=9, user=n, guild=n)),
    "guild": (lambda n: make_job(n, user=n, channel=n), lambda n: make_job(n, guild=9, user=n, channel=n)),
    "user": (lambda n: make_job(n, channel=n, guild=n), lambda n: make_job(n, user=9, channel=n, guild=n)),
}


@pytest.mark.parametrize("scope", ["channel", "guild"])
async def test_as_many_may_wait_in_a_channel_or_guild_as_its_limit_says_over_all_bots(
    bots: BotQueues, scope: str
) -> None:
    here, elsewhere = JOB_MAKERS[scope]
    one, other = [await bots.open_queue(**{scope: ScopeLimits(max_open=3)}) for _ in range(2)]
    for number in range(1, 4):
        assert await (one if number % 2 else other).enqueue_job(here(number), None)

    for queue in (one, other):
        assert await expect_rejection(queue.enqueue_job(here(4), None)) == make_problem(
            f"too_many_waiting_{scope}", count=3, limit=3
        )
    assert await one.enqueue_job(elsewhere(5), None)


@pytest.mark.parametrize("scope", ["channel", "guild"])
async def test_a_job_whose_end_was_told_makes_room_for_another(bots: BotQueues, scope: str) -> None:
    here, _ = JOB_MAKERS[scope]
    queue = await bots.open_queue(**{scope: ScopeLimits(max_open=2)})
    for number in (1, 2):
        await queue.enqueue_job(here(number), None)
    await expect_rejection(queue.enqueue_job(here(3), None))

    await bots.deliver_one()

    assert await queue.enqueue_job(here(3), None)
    assert (await expect_rejection(queue.enqueue_job(here(4), None))).facts == {"count": 2, "limit": 2}


@pytest.mark.parametrize("scope", ["user", "channel", "guild"])
async def test_as_many_are_taken_on_in_any_minute_as_the_limit_says_over_all_bots(bots: BotQueues, scope: str) -> None:
    here, elsewhere = JOB_MAKERS[scope]
    one, other = [await bots.open_queue(**{scope: ScopeLimits(max_per_minute=3)}) for _ in range(2)]
    await one.enqueue_job(here(1), None)
    await bots.age_requests(20_000)
    for number in (2, 3):
        await other.enqueue_job(here(number), None)

    wrong = await expect_rejection(one.enqueue_job(here(4), None))
    assert wrong.code == f"too_often_{scope}"
    assert wrong.facts["limit"] == 3
    assert 38 <= wrong.facts["seconds"] <= 40
    assert await one.enqueue_job(elsewhere(5), None)

    await bots.age_requests(wrong.facts["seconds"] * 1000)
    assert await one.enqueue_job(here(4), None)
    await expect_rejection(other.enqueue_job(here(6), None))
    await bots.age_requests(MINUTE_MS)
    assert [await other.enqueue_job(here(number), None) for number in (6, 7, 8)] == [True] * 3


async def test_the_same_interaction_counts_once_and_what_is_refused_counts_not_at_all(bots: BotQueues) -> None:
    queue = await bots.open_queue(user=ScopeLimits(max_per_minute=2), channel=ScopeLimits(max_open=1))
    assert await queue.enqueue_job(make_job(1), None)
    assert not await queue.enqueue_job(make_job(1), None)
    for number in range(2, 6):
        assert (await expect_rejection(queue.enqueue_job(make_job(number), None))).code == "too_many_waiting_channel"

    assert await queue.enqueue_job(make_job(6, channel=9), None)
    assert (await expect_rejection(queue.enqueue_job(make_job(7, channel=10), None))).code == "too_often_user"


async def test_what_the_queue_forgot_is_taken_on_again_whatever_the_limits(bots: BotQueues) -> None:
    queue = await bots.open_queue(
        user=ScopeLimits(max_per_minute=1),
        channel=ScopeLimits(max_open=1, max_per_minute=1),
        guild=ScopeLimits(max_open=1, max_per_minute=1),
    )
    assert await queue.enqueue_job(make_job(1), None)

    assert await queue.enqueue_job(make_job(2), None, unknown_calls=1)


async def test_nought_means_any_number(bots: BotQueues) -> None:
    queue = await bots.open_queue()

    assert all([await queue.enqueue_job(make_job(number), None) for number in range(300)])


async def test_the_books_of_a_scope_stay_as_small_as_its_limits(bots: BotQueues, redis_url: str) -> None:
    queue = await bots.open_queue(
        user=ScopeLimits(max_per_minute=5),
        channel=ScopeLimits(max_open=4, max_per_minute=5),
        guild=ScopeLimits(max_open=4, max_per_minute=5),
    )
    for number in range(30):
        await queue.enqueue_job(make_job(number), None)
        await bots.deliver_one()
        await bots.age_requests(MINUTE_MS)

    async with connect_to_redis(redis_url) as redis:
        names = [name async for name in redis.scan_iter(f"{KEY_PREFIX}accepted:*")]
        sizes = [await redis.zcard(name) for name in names]
        lives = [await redis.pttl(name) for name in names]
    assert len(names) == 3
    assert max(sizes) <= 5
    assert min(lives) > 0
