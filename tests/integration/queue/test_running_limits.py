"""Limits on the running jobs of a user, a channel and a guild: they hold, they are fair, and no job starves."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.status import CancelResult
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import ScopeLimits
from shared.catalogue import Catalogue
from shared.job import Job
from shared.problems import make_problem
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, claim_job, confirm_epoch, make_job, open_bot_queue
from worker.ports import Claim
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

CANCELLED_BY_ADA = make_problem("cancelled", name="Ada")


@asynccontextmanager
async def open_limited_queue(
    redis_url: str, catalogue: Catalogue, *, user: int = 2, channel: int = 0, guild: int = 0
) -> AsyncIterator[BotJobQueue]:
    """Open a queue with these limits on running jobs; 0 means no limit."""
    limits = {
        scope: ScopeLimits(max_running=limit)
        for scope, limit in (("user", user), ("channel", channel), ("guild", guild))
    }
    async with open_bot_queue(redis_url, catalogue, **limits) as queue:
        yield queue


def list_scopes(job: Job) -> tuple[tuple[str, int], ...]:
    return ("user", job.requester.id), ("channel", job.origin.channel_id), ("guild", job.origin.guild_id)


async def test_the_limits_of_channels_and_guilds_hold(
    redis_url: str, catalogue: Catalogue, worker_queue: WorkerJobQueue
) -> None:
    async with open_limited_queue(redis_url, catalogue, channel=1, guild=2) as queue:
        for number in range(1, 4):
            await queue.enqueue_job(make_job(number, user=number, channel=1), None)
        for number in range(4, 7):
            await queue.enqueue_job(make_job(number, user=number, channel=number), None)
        await queue.enqueue_job(make_job(7, user=7, channel=7, guild=2), None)

        running = {claim_job(worker_queue).job.id for _ in range(3)}

        assert running == {"1", "4", "7"}
        assert worker_queue.claim(Stage.GENERATE) is None


async def test_a_slot_whose_holder_does_not_use_it_goes_to_the_next_job(
    redis_url: str, catalogue: Catalogue, worker_queue: WorkerJobQueue
) -> None:
    async with open_limited_queue(redis_url, catalogue, guild=1) as queue:
        for number in (1, 2, 3):
            await queue.enqueue_job(make_job(number, user=number), None)
        first = claim_job(worker_queue)
        assert worker_queue.claim(Stage.GENERATE) is None
        worker_queue.finish(first, GENERATED, b"p")

        assert await queue.cancel_job("2", CANCELLED_BY_ADA) is CancelResult.CANCELLED

        assert claim_job(worker_queue).job.id == "3"


async def test_a_job_whose_user_and_guild_never_have_a_free_slot_at_the_same_time_runs_nevertheless(
    redis_url: str, catalogue: Catalogue, worker_queue: WorkerJobQueue
) -> None:
    async with open_limited_queue(redis_url, catalogue, user=1, guild=1) as queue:
        for number in (1, 2):
            await queue.enqueue_job(make_job(number, user=number, guild=number), None)
        running = [claim_job(worker_queue) for _ in range(2)]
        await queue.enqueue_job(make_job(100, user=1, guild=2), None)
        claimed = []
        for number in range(3, 13):
            await queue.enqueue_job(make_job(number, user=2 - number % 2, guild=2 - number % 2), None)
            worker_queue.finish(running.pop(0), GENERATED, b"p")
            while claim := worker_queue.claim(Stage.GENERATE):
                running.append(claim)
                claimed.append(claim.job.id)

    assert "100" in claimed[:4]


async def test_a_claim_finds_a_job_behind_any_number_of_blocked_ones(
    redis_url: str, catalogue: Catalogue, worker_queue: WorkerJobQueue
) -> None:
    async with open_limited_queue(redis_url, catalogue, user=999, guild=1) as queue:
        for number in range(1000, 1250):
            await queue.enqueue_job(make_job(number, user=number), None)
        await queue.enqueue_job(make_job(2000, user=2000, guild=2), None)

        assert [claim_job(worker_queue).job.id for _ in range(2)] == ["1000", "2000"]
        assert worker_queue.claim(Stage.GENERATE) is None


class QueueSimulation:
    """A queue on which anything may happen at any time. Each claim asserts that all limits hold."""

    def __init__(self, queue: BotJobQueue, worker_queue: WorkerJobQueue, limits: tuple[int, int, int]) -> None:
        self.queue = queue
        self.worker_queue = worker_queue
        self.limits = {kind: limit or 99 for kind, limit in zip(("user", "channel", "guild"), limits, strict=True)}
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
        claim = self.worker_queue.claim(Stage.GENERATE)
        if claim:
            self.running.append(claim)
            counts = Counter(scope for running in self.running for scope in list_scopes(running.job))
            assert all(count <= self.limits[kind] for (kind, _), count in counts.items()), counts
        return claim is not None

    def finish_job(self, claim: Claim) -> None:
        self.end_counts[claim.job.id] += self.worker_queue.finish(claim, GENERATED, b"p")

    def release_job(self, claim: Claim) -> None:
        assert self.worker_queue.release(claim, delay_seconds=0, is_unknown_call=False, is_throttled=False)

    def return_claim(self, claim: Claim) -> None:
        self.worker_queue.return_claim(claim)
        self.worker_queue.renew_leases()

    def finish_all(self) -> None:
        while sum(self.end_counts.values()) < self.submitted:
            while self.claim_job():
                pass
            assert self.running, "jobs are left, none runs and none can be claimed"
            self.finish_job(self.running.pop(0))


SUBMIT_STEPS = st.tuples(st.just("submit"), st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 2)))
OTHER_STEPS = st.tuples(
    st.sampled_from(("claim", "claim", "finish", "release", "return", "cancel")), st.integers(0, 99)
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    limits=st.tuples(st.integers(1, 3), st.integers(0, 2), st.integers(0, 3)),
    steps=st.lists(SUBMIT_STEPS | OTHER_STEPS, max_size=60),
)
def test_whatever_happens_the_limits_hold_and_every_job_ends_once(
    redis_url: str, catalogue: Catalogue, limits: tuple[int, int, int], steps: list[tuple[str, Any]]
) -> None:
    """A submission is from a user, a channel of a guild, and the guild; the other steps pick a job by number."""
    client = connect_worker(redis_url)
    client.flushall()
    confirm_epoch(client)
    worker_queue = WorkerJobQueue(client, lambda _: None)

    async def simulate() -> QueueSimulation:
        user, channel, guild = limits
        async with open_limited_queue(redis_url, catalogue, user=user, channel=channel, guild=guild) as queue:
            simulation = QueueSimulation(queue, worker_queue, limits)
            for step, choice in steps:
                match step:
                    case "submit":
                        await simulation.submit_job(*choice)
                    case "cancel":
                        await simulation.cancel_job(choice % 20)
                    case "claim":
                        simulation.claim_job()
                    case _ if simulation.running:
                        claim = simulation.running.pop(choice % len(simulation.running))
                        {
                            "finish": simulation.finish_job,
                            "release": simulation.release_job,
                            "return": simulation.return_claim,
                        }[step](claim)
            return simulation

    simulation = asyncio.run(simulate())
    simulation.finish_all()

    assert set(simulation.end_counts.values()) <= {1}
    assert simulation.end_counts.total() == simulation.submitted
    permanent = {f"{DEFAULT_KEYS.prefix}{name}:generate" for name in ("virtual_time", "finish_tags", "ready_models")}
    assert {name.decode() for name in client.scan_iter(f"{DEFAULT_KEYS.prefix}*:generate*")} <= permanent
    client.close()
