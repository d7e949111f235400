"""Limits a person, a channel and a guild, kept in Redis: many bots on one Redis agree on them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

import worker.adapters.redis as worker_side
from bot.adapters.redis import RedisQueue, connect
from shared.catalogue import Catalogue
from shared.errors import Refused, problem
from shared.job import Job, Place, Requester
from shared.outcome import Generated
from shared.prompts import TextPrompt
from shared.queue.names import PREFIX
from shared.request import Request
from worker.ports import Lane

MADE = Generated(seed=7, media_type="image/png", width=64, height=64, seconds=2.0)
MINUTE = 60_000


def job(number: int, *, user: int = 1, channel: int = 2, guild: int = 3) -> Job:
    return Job(
        id=str(number),
        request=Request(model="sd3.5-large", text_prompts=(TextPrompt(text="a castle"),), has_picture=False),
        seed=7,
        requester=Requester(id=user, name="Ada"),
        place=Place(guild=guild, channel=channel, message=number),
        accepted_at=0.0,
    )


def no_ticket(lane: str) -> str:
    del lane
    return ""


@dataclass
class Bots:
    """Opens bots on one Redis, each with the same limits, and sets that Redis's books back in time."""

    url: str
    catalogue: Catalogue
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def open(self, **limits: Any) -> RedisQueue:
        redis = connect(self.url)
        queue = RedisQueue(redis, catalogue=self.catalogue, ticket=no_ticket, **{"max_waiting": 999, **limits})
        await queue.start()
        self.closing.push_async_callback(queue.close)
        return queue

    async def let_pass(self, milliseconds: int) -> None:
        """Make all that was asked for so much older."""
        async with connect(self.url) as redis:
            async for name in redis.scan_iter(f"{PREFIX}asked:*"):
                members: Any = await redis.zrange(name, 0, -1)
                for member in members:
                    await redis.zincrby(name, -milliseconds, member)

    async def deliver_one(self, queue: RedisQueue) -> None:
        client = worker_side.connect(self.url)
        workers = worker_side.RedisQueue(client, lambda _: None)
        claim = workers.claim(Lane.GENERATE)
        assert claim is not None
        workers.finish(claim, MADE, b"picture")
        client.close()
        [delivery] = await queue.outcomes()
        await queue.delivered(delivery, 99)


@pytest.fixture
async def bots(redis_url: str, catalogue: Catalogue) -> AsyncIterator[Bots]:
    opened = Bots(redis_url, catalogue)
    async with opened.closing:
        yield opened


async def refusal(asking: Awaitable[bool]) -> Any:
    with pytest.raises(Refused) as refused:
        await asking
    [wrong] = refused.value.problems
    return wrong


Where = Callable[[int], Job]
WHERE: dict[str, tuple[Where, Where]] = {
    "channel": (lambda n: job(n, user=n, guild=n), lambda n: job(n, channel=9, user=n, guild=n)),
    "guild": (lambda n: job(n, user=n, channel=n), lambda n: job(n, guild=9, user=n, channel=n)),
    "user": (lambda n: job(n, channel=n, guild=n), lambda n: job(n, user=9, channel=n, guild=n)),
}


@pytest.mark.parametrize("scope", ["channel", "guild"])
async def test_as_many_may_wait_in_a_channel_or_guild_as_its_limit_says_over_all_bots(bots: Bots, scope: str) -> None:
    here, elsewhere = WHERE[scope]
    one, other = [await bots.open(**{f"{scope}_waiting": 3}) for _ in range(2)]
    for number in range(1, 4):
        assert await (one if number % 2 else other).accept(here(number), None)

    for queue in (one, other):
        assert await refusal(queue.accept(here(4), None)) == problem(f"too_many_waiting_{scope}", count=3, limit=3)
    assert await one.accept(elsewhere(5), None)


@pytest.mark.parametrize("scope", ["channel", "guild"])
async def test_a_job_whose_end_was_told_makes_room_for_another(bots: Bots, scope: str) -> None:
    here, _ = WHERE[scope]
    queue = await bots.open(**{f"{scope}_waiting": 2})
    for number in (1, 2):
        await queue.accept(here(number), None)
    await refusal(queue.accept(here(3), None))

    await bots.deliver_one(queue)

    assert await queue.accept(here(3), None)
    assert (await refusal(queue.accept(here(4), None))).facts == {"count": 2, "limit": 2}


@pytest.mark.parametrize(("scope", "place"), [("user", 0), ("channel", 1), ("guild", 2)])
async def test_as_many_are_taken_on_in_any_minute_as_the_limit_says_over_all_bots(
    bots: Bots, scope: str, place: int
) -> None:
    here, elsewhere = WHERE[scope]
    limits = tuple(3 if at == place else 0 for at in range(3))
    one, other = [await bots.open(per_minute=limits) for _ in range(2)]
    await one.accept(here(1), None)
    await bots.let_pass(20_000)
    for number in (2, 3):
        await other.accept(here(number), None)

    wrong = await refusal(one.accept(here(4), None))
    assert wrong.code == f"too_often_{scope}"
    assert wrong.facts["limit"] == 3
    assert 38 <= wrong.facts["seconds"] <= 40
    assert await one.accept(elsewhere(5), None)

    await bots.let_pass(wrong.facts["seconds"] * 1000)
    assert await one.accept(here(4), None)
    await refusal(other.accept(here(6), None))
    await bots.let_pass(MINUTE)
    assert [await other.accept(here(number), None) for number in (6, 7, 8)] == [True] * 3


async def test_the_same_interaction_counts_once_and_what_is_refused_counts_not_at_all(bots: Bots) -> None:
    queue = await bots.open(per_minute=(2, 0, 0), channel_waiting=1)
    assert await queue.accept(job(1), None)
    assert not await queue.accept(job(1), None)
    for number in range(2, 6):
        assert (await refusal(queue.accept(job(number), None))).code == "too_many_waiting_channel"

    assert await queue.accept(job(6, channel=9), None)
    assert (await refusal(queue.accept(job(7, channel=10), None))).code == "too_often_user"


async def test_what_the_queue_forgot_is_taken_on_again_whatever_the_limits(bots: Bots) -> None:
    queue = await bots.open(per_minute=(1, 1, 1), channel_waiting=1, guild_waiting=1)
    assert await queue.accept(job(1), None)

    assert await queue.accept(job(2), None, doubts=1)


async def test_nought_means_any_number(bots: Bots) -> None:
    queue = await bots.open()

    assert all([await queue.accept(job(number), None) for number in range(300)])


async def test_the_books_of_a_scope_stay_as_small_as_its_limits(bots: Bots, redis_url: str) -> None:
    queue = await bots.open(per_minute=(5, 5, 5), channel_waiting=4, guild_waiting=4)
    for number in range(30):
        await queue.accept(job(number), None)
        await bots.deliver_one(queue)
        await bots.let_pass(MINUTE)

    async with connect(redis_url) as redis:
        names = [name async for name in redis.scan_iter(f"{PREFIX}asked:*")]
        sizes = [await redis.zcard(name) for name in names]
        lives = [await redis.pttl(name) for name in names]
    assert len(names) == 3
    assert max(sizes) <= 5
    assert min(lives) > 0
