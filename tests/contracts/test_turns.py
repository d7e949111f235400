"""Limits on what runs at once, of a person, a channel and a guild together: kept, fair, and nobody waits for ever."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bot.adapters.redis as bot_side
import worker.adapters.redis as worker_side
from bot.ports import Cancelled
from shared.catalogue import Catalogue
from shared.errors import problem
from shared.job import Job
from tests.contracts.halves import MADE, Tickets, claimed, job
from worker.ports import Claim, Lane

Limits = tuple[int, int, int]
BY_ADA = problem("cancelled", name="Ada")


@asynccontextmanager
async def bot_with(redis_url: str, catalogue: Catalogue, **limits: Any) -> AsyncIterator[bot_side.RedisQueue]:
    redis = bot_side.connect(redis_url)
    queue = bot_side.RedisQueue(redis, catalogue=catalogue, ticket=Tickets().from_bot, max_waiting=0, **limits)
    yield queue
    await queue.close()


def scopes(asked: Job) -> tuple[tuple[str, int], ...]:
    place = asked.place
    return ("user", asked.requester.id), ("channel", place.channel), ("guild", place.guild)


async def test_as_many_of_a_channel_and_of_a_guild_run_as_its_limit_says(
    redis_url: str, catalogue: Catalogue, worker_queue: worker_side.RedisQueue
) -> None:
    async with bot_with(redis_url, catalogue, channel_running=1, guild_running=2) as queue:
        for number in range(1, 4):
            await queue.accept(job(number, user=number, channel=1), None)
        for number in range(4, 7):
            await queue.accept(job(number, user=number, channel=number), None)
        await queue.accept(job(7, user=7, channel=7, guild=2), None)

        running = {claimed(worker_queue).job.id for _ in range(3)}

        assert running == {"1", "4", "7"}
        assert worker_queue.claim(Lane.GENERATE) is None


async def test_a_turn_that_its_holder_leaves_unused_goes_to_the_next(
    redis_url: str, catalogue: Catalogue, worker_queue: worker_side.RedisQueue
) -> None:
    async with bot_with(redis_url, catalogue, guild_running=1) as queue:
        for number in (1, 2, 3):
            await queue.accept(job(number, user=number), None)
        first = claimed(worker_queue)
        assert worker_queue.claim(Lane.GENERATE) is None
        worker_queue.finish(first, MADE, b"p")

        assert await queue.cancel("2", BY_ADA) is Cancelled.CANCELLED

        assert claimed(worker_queue).job.id == "3"


async def test_one_whose_person_and_guild_are_never_free_at_once_has_its_turn_all_the_same(
    redis_url: str, catalogue: Catalogue, worker_queue: worker_side.RedisQueue
) -> None:
    async with bot_with(redis_url, catalogue, max_running=1, guild_running=1) as queue:
        for number in (1, 2):
            await queue.accept(job(number, user=number, guild=number), None)
        running = [claimed(worker_queue) for _ in range(2)]
        await queue.accept(job(100, user=1, guild=2), None)
        served = []
        for number in range(3, 13):
            await queue.accept(job(number, user=2 - number % 2, guild=2 - number % 2), None)
            worker_queue.finish(running.pop(0), MADE, b"p")
            while claim := worker_queue.claim(Lane.GENERATE):
                running.append(claim)
                served.append(claim.job.id)

    assert "100" in served[:4]


async def test_a_claim_looks_past_any_number_that_may_not_run(
    redis_url: str, catalogue: Catalogue, worker_queue: worker_side.RedisQueue
) -> None:
    async with bot_with(redis_url, catalogue, max_running=999, guild_running=1) as queue:
        for number in range(1000, 1250):
            await queue.accept(job(number, user=number), None)
        await queue.accept(job(2000, user=2000, guild=2), None)

        assert [claimed(worker_queue).job.id for _ in range(2)] == ["1000", "2000"]
        assert worker_queue.claim(Lane.GENERATE) is None


class Play:
    """A queue on which anything may happen at any time; holds at every claim that no limit is passed."""

    def __init__(self, queue: bot_side.RedisQueue, workers: worker_side.RedisQueue, limits: Limits) -> None:
        self.queue = queue
        self.workers = workers
        self.most = {kind: most or 99 for kind, most in zip(("user", "channel", "guild"), limits, strict=True)}
        self.asked = 0
        self.running: list[Claim] = []
        self.ended: Counter[str] = Counter()

    async def ask(self, user: int, channel: int, guild: int) -> None:
        await self.queue.accept(job(self.asked, user, channel=10 * guild + channel, guild=guild), None)
        self.asked += 1

    async def cancel(self, number: int) -> None:
        if await self.queue.cancel(str(number), BY_ADA) is Cancelled.CANCELLED:
            self.ended[str(number)] += 1
            self.running = [claim for claim in self.running if claim.job.id != str(number)]

    def claim(self) -> bool:
        found = self.workers.claim(Lane.GENERATE)
        if found:
            self.running.append(found)
            counts = Counter(scope for claim in self.running for scope in scopes(claim.job))
            assert all(count <= self.most[kind] for (kind, _), count in counts.items()), counts
        return found is not None

    def finish(self, claim: Claim) -> None:
        self.ended[claim.job.id] += self.workers.finish(claim, MADE, b"p")

    def give_back(self, claim: Claim) -> None:
        self.workers.abandon(claim)
        self.workers.renew()

    def end(self) -> None:
        while sum(self.ended.values()) < self.asked:
            while self.claim():
                pass
            assert self.running, "jobs are left, none runs and none may be claimed"
            self.finish(self.running.pop(0))


ASKING = st.tuples(st.just("ask"), st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 2)))
OTHERS = st.tuples(st.sampled_from(("claim", "claim", "finish", "release", "give back", "cancel")), st.integers(0, 99))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    limits=st.tuples(st.integers(1, 3), st.integers(0, 2), st.integers(0, 3)),
    steps=st.lists(ASKING | OTHERS, max_size=60),
)
def test_whatever_happens_no_limit_is_passed_and_every_job_ends_once(
    redis_url: str, catalogue: Catalogue, limits: Limits, steps: list[tuple[str, Any]]
) -> None:
    """Who asks is a user, a channel of a guild, and the guild; else the number chooses a job."""
    client = worker_side.connect(redis_url)
    client.flushall()
    workers = worker_side.RedisQueue(client, lambda _: None)

    async def played() -> Play:
        user, channel, guild = limits
        named = {"max_running": user, "channel_running": channel, "guild_running": guild}
        async with bot_with(redis_url, catalogue, **named) as queue:
            play = Play(queue, workers, limits)
            for step, which in steps:
                match step:
                    case "ask":
                        await play.ask(*which)
                    case "cancel":
                        await play.cancel(which % 20)
                    case "claim":
                        play.claim()
                    case _ if play.running:
                        claim = play.running.pop(which % len(play.running))
                        {"finish": play.finish, "release": release, "give back": play.give_back}[step](claim)
            return play

    def release(claim: Claim) -> None:
        assert workers.release(claim, after=0, doubt=False, throttled=False)

    play = asyncio.run(played())
    play.end()

    assert set(play.ended.values()) <= {1}
    assert play.ended.total() == play.asked
    kept = {f"pentimento:{name}:generate" for name in ("clock", "finish", "rows")}
    assert {str(name, "utf-8") for name in client.scan_iter("pentimento:*:generate*")} <= kept
    client.close()
