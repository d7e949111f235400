"""Limits on what runs at once, of a person, a channel and a guild together: kept, fair, and nobody waits for ever."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.status import CancelResult
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import Limits, ScopeLimits
from shared.catalogue import Catalogue
from shared.job import Job
from shared.problems import make_problem
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, RecordedTickets, claim_job, make_job
from worker.ports import Claim
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

CANCELLED_BY_ADA = make_problem("cancelled", name="Ada")


@asynccontextmanager
async def open_bot_queue(
    redis_url: str, catalogue: Catalogue, *, user: int = 2, channel: int = 0, guild: int = 0
) -> AsyncIterator[BotJobQueue]:
    """Open a queue with these limits on running jobs; 0 means no limit."""
    limits = Limits(
        user=ScopeLimits(max_running=user),
        channel=ScopeLimits(max_running=channel),
        guild=ScopeLimits(max_running=guild),
    )
    queue = BotJobQueue(
        connect_bot(redis_url), catalogue=catalogue, build_ticket=RecordedTickets().send_from_bot, limits=limits
    )
    yield queue
    await queue.close()


def list_scopes(job: Job) -> tuple[tuple[str, int], ...]:
    place = job.origin
    return ("user", job.requester.id), ("channel", place.channel_id), ("guild", place.guild_id)


async def test_as_many_of_a_channel_and_of_a_guild_run_as_its_limit_says(
    redis_url: str, catalogue: Catalogue, worker_queue: WorkerJobQueue
) -> None:
    async with open_bot_queue(redis_url, catalogue, channel=1, guild=2) as queue:
        for number in range(1, 4):
            await queue.enqueue_job(make_job(number, user=number, channel=1), None)
        for number in range(4, 7):
            await queue.enqueue_job(make_job(number, user=number, channel=number), None)
        await queue.enqueue_job(make_job(7, user=7, channel=7, guild=2), None)

        running = {claim_job(worker_queue).job.id for _ in range(3)}

        assert running == {"1", "4", "7"}
        assert worker_queue.claim(Stage.GENERATE) is None


async def test_a_slot_that_its_holder_leaves_unused_goes_to_the_next(
    redis_url: str, catalogue: Catalogue, worker_queue: WorkerJobQueue
) -> None:
    async with open_bot_queue(redis_url, catalogue, guild=1) as queue:
        for number in (1, 2, 3):
            await queue.enqueue_job(make_job(number, user=number), None)
        first = claim_job(worker_queue)
        assert worker_queue.claim(Stage.GENERATE) is None
        worker_queue.finish(first, GENERATED, b"p")

        assert await queue.cancel_job("2", CANCELLED_BY_ADA) is CancelResult.CANCELLED

        assert claim_job(worker_queue).job.id == "3"


async def test_one_whose_person_and_guild_are_never_free_at_once_gets_a_slot_all_the_same(
    redis_url: str, catalogue: Catalogue, worker_queue: WorkerJobQueue
) -> None:
    async with open_bot_queue(redis_url, catalogue, user=1, guild=1) as queue:
        for number in (1, 2):
            await queue.enqueue_job(make_job(number, user=number, guild=number), None)
        running = [claim_job(worker_queue) for _ in range(2)]
        await queue.enqueue_job(make_job(100, user=1, guild=2), None)
        served = []
        for number in range(3, 13):
            await queue.enqueue_job(make_job(number, user=2 - number % 2, guild=2 - number % 2), None)
            worker_queue.finish(running.pop(0), GENERATED, b"p")
            while claim := worker_queue.claim(Stage.GENERATE):
                running.append(claim)
                served.append(claim.job.id)

    assert "100" in served[:4]


async def test_a_claim_looks_past_any_number_that_may_not_run(
    redis_url: str, catalogue: Catalogue, worker_queue: WorkerJobQueue
) -> None:
    async with open_bot_queue(redis_url, catalogue, user=999, guild=1) as queue:
        for number in range(1000, 1250):
            await queue.enqueue_job(make_job(number, user=number), None)
        await queue.enqueue_job(make_job(2000, user=2000, guild=2), None)

        assert [claim_job(worker_queue).job.id for _ in range(2)] == ["1000", "2000"]
        assert worker_queue.claim(Stage.GENERATE) is None


class QueueSimulation:
    """A queue on which anything may happen at any time; holds at every claim that no limit is passed."""

    def __init__(self, queue: BotJobQueue, workers: WorkerJobQueue, limits: tuple[int, int, int]) -> None:
        self.queue = queue
        self.workers = workers
        self.limits = {kind: most or 99 for kind, most in zip(("user", "channel", "guild"), limits, strict=True)}
        self.submitted = 0
        self.running: list[Claim] = []
        self.end_counts: Counter[str] = Counter()

    async def submit_job(self, user: int, channel: int, guild: int) -> None:
        await self.queue.enqueue_job(make_job(self.submitted, user, channel=10 * guild + channel, guild=guild), None)
        self.submitted += 1

    async def cancel_job(self, number: int) -> None:
        if await self.queue.cancel_job(str(number), CANCELLED_BY_ADA) is CancelResult.CANCELLED:
            self.end_counts[str(number)] += 1
            self.running = [claim for claim in self.running if claim.job.id != str(number)]

    def claim_job(self) -> bool:
        found = self.workers.claim(Stage.GENERATE)
        if found:
            self.running.append(found)
            counts = Counter(scope for claim in self.running for scope in list_scopes(claim.job))
            assert all(count <= self.limits[kind] for (kind, _), count in counts.items()), counts
        return found is not None

    def finish_job(self, claim: Claim) -> None:
        self.end_counts[claim.job.id] += self.workers.finish(claim, GENERATED, b"p")

    def return_claim(self, claim: Claim) -> None:
        self.workers.return_claim(claim)
        self.workers.renew_leases()

    def finish_all(self) -> None:
        while sum(self.end_counts.values()) < self.submitted:
            while self.claim_job():
                pass
            assert self.running, "jobs are left, none runs and none may be claimed"
            self.finish_job(self.running.pop(0))


SUBMIT_STEPS = st.tuples(st.just("ask"), st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 2)))
OTHER_STEPS = st.tuples(
    st.sampled_from(("claim", "claim", "finish", "release", "give back", "cancel")), st.integers(0, 99)
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    limits=st.tuples(st.integers(1, 3), st.integers(0, 2), st.integers(0, 3)),
    steps=st.lists(SUBMIT_STEPS | OTHER_STEPS, max_size=60),
)
def test_whatever_happens_no_limit_is_passed_and_every_job_ends_once(
    redis_url: str, catalogue: Catalogue, limits: tuple[int, int, int], steps: list[tuple[str, Any]]
) -> None:
    """Who asks is a user, a channel of a guild, and the guild; else the number chooses a job."""
    client = connect_worker(redis_url)
    client.flushall()
    workers = WorkerJobQueue(client, lambda _: None)

    async def played() -> QueueSimulation:
        user, channel, guild = limits
        async with open_bot_queue(redis_url, catalogue, user=user, channel=channel, guild=guild) as queue:
            play = QueueSimulation(queue, workers, limits)
            for step, which in steps:
                match step:
                    case "ask":
                        await play.submit_job(*which)
                    case "cancel":
                        await play.cancel_job(which % 20)
                    case "claim":
                        play.claim_job()
                    case _ if play.running:
                        claim = play.running.pop(which % len(play.running))
                        {"finish": play.finish_job, "release": release, "give back": play.return_claim}[step](claim)
            return play

    def release(claim: Claim) -> None:
        assert workers.release(claim, delay_seconds=0, is_unknown_call=False, is_throttled=False)

    play = asyncio.run(played())
    play.finish_all()

    assert set(play.end_counts.values()) <= {1}
    assert play.end_counts.total() == play.submitted
    kept = {f"pentimento:{name}:generate" for name in ("virtual_time", "finish_tags", "ready_models")}
    assert {str(name, "utf-8") for name in client.scan_iter("pentimento:*:generate*")} <= kept
    client.close()
