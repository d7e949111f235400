"""A guild whose queue is paused: none of its jobs starts, none is lost, and others do not notice."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.status import CancelResult, QueueState
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import ScopeLimits
from bot.queue.paused_guilds import BATCH_SIZE, RedisPausedGuilds
from shared.catalogue import Catalogue
from shared.problems import make_problem
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.redis_queue import (
    GENERATED,
    claim_job,
    confirm_epoch,
    make_job,
    open_bot_queue,
    wait_for_lease_expiry,
)
from worker.ports import Claim
from worker.queue.connection import QueueRedis
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

QUIET, BUSY = 1, 2  # guilds, of which the first is paused
CANCELLED_BY_ADA = make_problem("cancelled", name="Ada")


@pytest.fixture
async def paused_guilds(redis_url: str) -> AsyncIterator[RedisPausedGuilds]:
    client = connect_bot(redis_url)
    yield RedisPausedGuilds(client)
    await client.aclose()


def claim_all(queue: WorkerJobQueue) -> list[str]:
    """Claim and finish jobs one by one until there is none; return their ids in this order."""
    ids = []
    while claim := queue.claim(Stage.GENERATE):
        queue.finish(claim, GENERATED, b"p")
        ids.append(claim.job.id)
    return ids


async def enqueue(queue: BotJobQueue, *numbers: int, user: int, guild: int = QUIET) -> None:
    for number in numbers:
        await queue.enqueue_job(make_job(number, user, channel=guild, guild=guild), None)


async def test_a_paused_guild_waits_while_others_run_and_goes_on_in_its_old_order(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, paused_guilds: RedisPausedGuilds
) -> None:
    await enqueue(bot_queue, 10, 11, 12, user=1)
    await enqueue(bot_queue, 20, 21, user=2)
    await enqueue(bot_queue, 30, 31, user=3, guild=BUSY)
    await paused_guilds.set_guilds([QUIET])
    await enqueue(bot_queue, 13, user=1)
    await enqueue(bot_queue, 40, user=4)
    await enqueue(bot_queue, 32, user=3, guild=BUSY)

    while_paused = claim_all(worker_queue)
    await paused_guilds.set_guilds([])
    resumed = claim_all(worker_queue)

    assert while_paused == ["30", "31", "32"]
    assert resumed == ["10", "20", "40", "11", "21", "12", "13"]


async def test_a_call_does_not_start_if_the_guild_was_paused_after_the_claim(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, paused_guilds: RedisPausedGuilds
) -> None:
    await enqueue(bot_queue, 1, 2, user=1)
    started, claimed = claim_job(worker_queue), claim_job(worker_queue)
    assert worker_queue.start_call(started)
    await paused_guilds.set_guilds([QUIET])

    assert worker_queue.start_call(started)  # a second attempt, as the first reply was lost
    assert not worker_queue.start_call(claimed)
    worker_queue.renew_leases()
    assert worker_queue.claim(Stage.GENERATE) is None
    assert worker_queue.finish(started, GENERATED, b"p")
    await paused_guilds.set_guilds([])

    [status] = await bot_queue.load_statuses(["2"])
    assert (status.claims, status.calls) == (0, 0)
    assert claim_all(worker_queue) == ["2"]


async def test_a_member_who_waits_in_a_paused_guild_has_all_slots_elsewhere(
    redis_url: str, catalogue: Catalogue, worker_queue: WorkerJobQueue, paused_guilds: RedisPausedGuilds
) -> None:
    limits = {"user": ScopeLimits(max_running=1), "guild": ScopeLimits(max_running=1)}
    async with open_bot_queue(redis_url, catalogue, **limits) as queue:
        await enqueue(queue, 1, user=9)
        await enqueue(queue, 2, user=1)
        running = claim_job(worker_queue)
        assert worker_queue.claim(Stage.GENERATE) is None  # job 2 has the slot of its user, and none of its guild
        await enqueue(queue, 3, user=1, guild=BUSY)

        await paused_guilds.set_guilds([QUIET])

        assert claim_all(worker_queue) == ["3"]
        worker_queue.finish(running, GENERATED, b"p")
        await paused_guilds.set_guilds([])
        assert claim_all(worker_queue) == ["2"]


async def test_members_who_waited_share_the_queue_with_those_who_did_not(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, paused_guilds: RedisPausedGuilds
) -> None:
    """However often a guild is paused, and however long others ran, they take turns."""
    await enqueue(bot_queue, *range(100, 110), user=1)
    for _ in range(3):
        await paused_guilds.set_guilds([QUIET])
        await paused_guilds.set_guilds([])
    await enqueue(bot_queue, *range(200, 205), user=2, guild=BUSY)
    first_turns = [claim_job(worker_queue).job.id[0] for _ in range(4)]
    for claim in worker_queue._claims.list_claims(Stage.GENERATE):
        worker_queue.finish(claim, GENERATED, b"p")

    await paused_guilds.set_guilds([QUIET])
    await enqueue(bot_queue, *range(205, 240), user=2, guild=BUSY)
    claim_all(worker_queue)
    await paused_guilds.set_guilds([])
    await enqueue(bot_queue, *range(300, 308), user=2, guild=BUSY)

    assert Counter(first_turns) == {"1": 2, "2": 2}
    turns = "".join(job_id[0] for job_id in claim_all(worker_queue))
    assert turns.startswith(("13" * 6, "1" + "13" * 6))


async def test_a_pause_that_redis_lost_and_got_back_takes_nobody_s_turn_twice(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, paused_guilds: RedisPausedGuilds, client: redis.Redis
) -> None:
    await enqueue(bot_queue, *range(100, 105), user=1, guild=BUSY)
    await enqueue(bot_queue, *range(110, 115), user=1)
    for _ in range(2):
        await paused_guilds.set_guilds([QUIET])
        client.delete(f"{DEFAULT_KEYS.prefix}paused_guilds")
    await paused_guilds.set_guilds([QUIET])
    await enqueue(bot_queue, *range(105, 110), user=1, guild=BUSY)
    await enqueue(bot_queue, *range(200, 210), user=2, guild=BUSY)

    assert "".join(job_id[0] for job_id in claim_all(worker_queue)) == "12" * 10


async def test_a_bot_that_acts_on_an_older_state_of_the_database_moves_no_job(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, paused_guilds: RedisPausedGuilds
) -> None:
    for number in range(BATCH_SIZE):
        await enqueue(bot_queue, number, user=number // 40)
    await paused_guilds.set_guilds([QUIET])
    async with asyncio.timeout(5):
        await paused_guilds._unpark_jobs(f"guild-{QUIET}")
    assert worker_queue.claim(Stage.GENERATE) is None

    await paused_guilds.set_guilds([])
    await paused_guilds._park_jobs(f"guild-{QUIET}")
    assert len(claim_all(worker_queue)) == BATCH_SIZE


async def test_a_parked_job_that_was_cancelled_is_forgotten_whichever_release_cancelled_it(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, paused_guilds: RedisPausedGuilds, client: redis.Redis
) -> None:
    parked = f"{DEFAULT_KEYS.prefix}parked:guild-{QUIET}"
    await paused_guilds.set_guilds([QUIET])
    await enqueue(bot_queue, 1, 2, user=1)
    assert await bot_queue.cancel_job("1", CANCELLED_BY_ADA) is CancelResult.CANCELLED
    assert client.zrange(parked, 0, -1) == [b"2"]
    client.zadd(parked, {"1": 1})  # 0.1.0 does not know of parked jobs

    await paused_guilds.set_guilds([])

    assert claim_all(worker_queue) == ["2"]


async def test_the_sweep_goes_on_if_the_bot_dies_while_it_resumes_a_guild(
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    catalogue: Catalogue,
    paused_guilds: RedisPausedGuilds,
    client: redis.Redis,
) -> None:
    await paused_guilds.set_guilds([QUIET])
    for number in range(1000, 1150):
        await bot_queue.enqueue_job(make_job(number, number), None)
    client.delete(f"{DEFAULT_KEYS.prefix}paused_guilds")

    worker_queue.sweep(catalogue)
    first = claim_all(worker_queue)
    worker_queue.sweep(catalogue)

    assert first == [str(number) for number in range(1000, 1100)]
    assert claim_all(worker_queue) == [str(number) for number in range(1100, 1150)]
    assert not client.exists(f"{DEFAULT_KEYS.prefix}parked_guilds")


async def test_a_claim_parks_what_the_bot_did_not_however_much_it_is(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, paused_guilds: RedisPausedGuilds, client: redis.Redis
) -> None:
    """The bot died right after the first command, or Redis came back from an older file."""
    for number in range(1000, 1250):
        await bot_queue.enqueue_job(make_job(number, number), None)
    await enqueue(bot_queue, 2000, user=2000, guild=BUSY)
    client.sadd(f"{DEFAULT_KEYS.prefix}paused_guilds", f"guild-{QUIET}")

    assert claim_all(worker_queue) == ["2000"]
    assert client.zcard(f"{DEFAULT_KEYS.prefix}parked:guild-{QUIET}") == 250
    await paused_guilds.set_guilds([])
    assert claim_all(worker_queue) == [str(number) for number in range(1000, 1250)]


async def test_a_job_whose_worker_died_or_waits_for_a_retry_stays_in_its_paused_guild(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue, paused_guilds: RedisPausedGuilds
) -> None:
    await enqueue(bot_queue, 1, 2, user=1)
    for claim in (claim_job(worker_queue), claim_job(worker_queue)):
        assert worker_queue.start_call(claim)
    await paused_guilds.set_guilds([QUIET])
    worker_queue.release(claim, delay_seconds=0.1, is_unknown_call=False, is_throttled=False)

    await wait_for_lease_expiry(worker_queue, catalogue)

    assert worker_queue.claim(Stage.GENERATE) is None
    await paused_guilds.set_guilds([])
    assert sorted(claim_all(worker_queue)) == ["1", "2"]
    statuses = {status.job.id: status.unknown_calls for status in await bot_queue.load_statuses(["1", "2"])}
    assert statuses == {"1": 1, "2": 0}


async def test_a_picture_is_prepared_and_kept_while_its_guild_is_paused(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, paused_guilds: RedisPausedGuilds, client: redis.Redis
) -> None:
    await paused_guilds.set_guilds([QUIET])
    await bot_queue.enqueue_job(make_job(1, has_picture=True), b"upload")
    worker_queue.promote(claim_job(worker_queue, Stage.PREPARE), b"prepared")
    assert worker_queue.claim(Stage.GENERATE) is None
    parked_ttl: Any = client.ttl(DEFAULT_KEYS.prepared_key("1"))

    await paused_guilds.set_guilds([])

    day = 86400
    assert parked_ttl > 300 * day
    ttl: Any = client.ttl(DEFAULT_KEYS.prepared_key("1"))
    assert ttl <= day
    claim = claim_job(worker_queue)
    assert worker_queue.fetch_prepared("1") == b"prepared"
    assert claim.resumed_at == pytest.approx(time.time(), abs=30)


async def test_who_waits_in_a_paused_guild_is_told_and_nobody_waits_for_them(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, paused_guilds: RedisPausedGuilds
) -> None:
    await enqueue(bot_queue, 1, 2, user=1)
    claim_job(worker_queue)
    await enqueue(bot_queue, 3, user=3)
    await enqueue(bot_queue, 4, user=4, guild=BUSY)
    await bot_queue.enqueue_job(make_job(5, has_picture=True), b"upload")

    await paused_guilds.set_guilds([QUIET])

    statuses = {status.job.id: status for status in await bot_queue.load_statuses(list("12345"))}
    assert {job_id for job_id, status in statuses.items() if status.is_guild_paused} == {"2", "3", "5"}
    assert {job_id: status.position for job_id, status in statuses.items()} == {"1": 0, "2": 0, "3": 0, "4": 1, "5": 0}
    assert statuses["2"].state is QueueState.QUEUED
    assert await bot_queue.cancel_job("3", CANCELLED_BY_ADA) is CancelResult.CANCELLED
    await paused_guilds.set_guilds([])
    assert not any(status.is_guild_paused for status in await bot_queue.load_statuses(list("12345")))
    assert claim_all(worker_queue) == ["4", "2"]


GUILDS = (1, 2, 3)


class PauseSimulation:
    """A queue on which anything may happen at any time. No call starts in a paused guild, and no limit is exceeded."""

    def __init__(self, queue: BotJobQueue, paused_guilds: RedisPausedGuilds, client: QueueRedis) -> None:
        self.queue = queue
        self.paused_guilds = paused_guilds
        self.client = client
        self.worker_queue = WorkerJobQueue(client, lambda _: None)
        self.paused: set[int] = set()
        self.submitted = 0
        self.running: list[Claim] = []
        self.end_counts: Counter[str] = Counter()

    async def submit_job(self, user: int, guild: int) -> None:
        await self.queue.enqueue_job(make_job(self.submitted, user, channel=guild, guild=guild), None)
        self.submitted += 1

    async def pause_guild(self, guild: int, *, is_killed: bool) -> None:
        """Pause a guild; a bot that is killed has only run the first script."""
        self.paused.add(guild)
        if is_killed:
            self.client.sadd(f"{DEFAULT_KEYS.prefix}paused_guilds", f"guild-{guild}")
        else:
            await self.paused_guilds.set_guilds(self.paused)

    async def resume_guild(self, guild: int, *, is_killed: bool) -> None:
        self.paused.discard(guild)
        if is_killed:
            self.client.srem(f"{DEFAULT_KEYS.prefix}paused_guilds", f"guild-{guild}")
        else:
            await self.paused_guilds.set_guilds(self.paused)

    async def lose_pauses(self) -> None:
        """Lose what Redis knows of the pauses, as with an older file. Its copy is renewed before calls may start."""
        self.client.delete(f"{DEFAULT_KEYS.prefix}paused_guilds")
        await self.paused_guilds.set_guilds(self.paused)

    async def cancel_job(self, number: int) -> None:
        if await self.queue.cancel_job(str(number), CANCELLED_BY_ADA) is CancelResult.CANCELLED:
            self.end_counts[str(number)] += 1

    def claim_job(self, *, starts_call: bool) -> bool:
        claim = self.worker_queue.claim(Stage.GENERATE)
        if claim is None:
            return False
        assert claim.job.origin.guild_id not in self.paused
        if not starts_call:
            self.worker_queue.return_claim(claim)
            self.worker_queue.renew_leases()
        elif self.worker_queue.start_call(claim):
            self.running.append(claim)
            users = Counter(running.job.requester.id for running in self.running)
            assert max(users.values()) <= 2
        return True

    def end_claim(self, claim: Claim, step: str) -> None:
        if step == "finish":
            self.end_counts[claim.job.id] += self.worker_queue.finish(claim, GENERATED, b"p")
        else:
            self.worker_queue.release(claim, delay_seconds=0, is_unknown_call=False, is_throttled=False)

    async def finish_all(self) -> None:
        await self.paused_guilds.set_guilds([])
        self.paused.clear()
        while sum(self.end_counts.values()) < self.submitted:
            while self.claim_job(starts_call=True):
                pass
            assert self.running, "jobs are left, none runs and none can be claimed"
            self.end_claim(self.running.pop(0), "finish")


SUBMIT_STEPS = st.tuples(st.just("submit"), st.integers(0, 8))
OTHER_STEPS = st.tuples(
    st.sampled_from(("claim", "claim", "claim", "return", "finish", "release", "cancel", "lose")), st.integers(0, 99)
)
PAUSE_STEPS = st.tuples(st.sampled_from(("pause", "pause_killed", "resume", "resume_killed")), st.sampled_from(GUILDS))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    guild_limit=st.integers(0, 2),
    steps=st.lists(SUBMIT_STEPS | OTHER_STEPS | PAUSE_STEPS, max_size=80),
    seed=st.integers(0, 99),
)
def test_whatever_happens_no_call_starts_in_a_paused_guild_and_every_job_ends_once(
    redis_url: str, catalogue: Catalogue, guild_limit: int, steps: list[tuple[str, int]], seed: int
) -> None:
    client = connect_worker(redis_url)
    client.flushall()
    confirm_epoch(client)
    rng = random.Random(seed)

    async def simulate() -> PauseSimulation:
        limits = {"user": ScopeLimits(max_running=2), "guild": ScopeLimits(max_running=guild_limit)}
        bot_client = connect_bot(redis_url)
        async with open_bot_queue(redis_url, catalogue, **limits) as queue:
            simulation = PauseSimulation(queue, RedisPausedGuilds(bot_client), client)
            for step, choice in steps:
                match step:
                    case "submit":
                        await simulation.submit_job(1 + choice // 3, GUILDS[choice % 3])
                    case "claim" | "return":
                        simulation.claim_job(starts_call=step == "claim")
                    case "cancel":
                        await simulation.cancel_job(choice % 20)
                    case "lose":
                        await simulation.lose_pauses()
                    case "pause" | "pause_killed":
                        await simulation.pause_guild(choice, is_killed=step == "pause_killed")
                    case "resume" | "resume_killed":
                        await simulation.resume_guild(choice, is_killed=step == "resume_killed")
                    case _ if simulation.running:
                        simulation.end_claim(simulation.running.pop(rng.randrange(len(simulation.running))), step)
            await simulation.finish_all()
        await bot_client.aclose()
        return simulation

    simulation = asyncio.run(simulate())

    assert set(simulation.end_counts.values()) <= {1}
    assert simulation.end_counts.total() == simulation.submitted
    permanent = {f"{DEFAULT_KEYS.prefix}{name}:generate" for name in ("virtual_time", "finish_tags", "ready_models")}
    assert {name.decode() for name in client.scan_iter(f"{DEFAULT_KEYS.prefix}*:generate*")} <= permanent
    assert list(client.scan_iter(f"{DEFAULT_KEYS.prefix}pa[ru][ks]ed*")) == []
    client.close()
