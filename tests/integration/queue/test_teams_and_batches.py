"""Two levels of turns: between people and teams by weight, then inside each of them between its members and batches."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import redis

from bot.domain.status import CancelResult
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import ScopeLimits
from shared.catalogue import Catalogue
from shared.job import Job, Priority, TeamRef
from shared.problems import make_problem
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.queue_simulation import BATCH_WINDOW
from tests.support.redis_queue import GENERATED, claim_job, make_job, open_bot_queue
from worker.queue.connection import QueueRedis
from worker.queue.dead_letters import DeadLetter, DeadLetterQueue
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

TEAM = TeamRef(id=9, name="Posters")
UNLIMITED = ScopeLimits()


@pytest.fixture
async def queue(redis_url: str, catalogue: Catalogue) -> AsyncIterator[BotJobQueue]:
    async with open_bot_queue(redis_url, catalogue, user=UNLIMITED, batch=UNLIMITED) as queue:
        yield queue


async def enqueue(queue: BotJobQueue, *jobs: Job) -> None:
    for job in jobs:
        await queue.enqueue_job(job, None)


def make_batch(batch: str, first: int, count: int, user: int = 1, **options: Any) -> list[Job]:
    return [make_job(first + number, user, batch=batch, **options) for number in range(count)]


def run_next(queue: WorkerJobQueue, count: int = 1) -> list[str]:
    """Run so many jobs, one after the other; return their ids."""
    ids = []
    for _ in range(count):
        claim = claim_job(queue)
        queue.finish(claim, GENERATED, b"p")
        ids.append(claim.job.id)
    return ids


def run_all(queue: WorkerJobQueue, name: Callable[[Job], str]) -> list[str]:
    """Run all jobs, one after the other; return the name of each."""
    names = []
    while claim := queue.claim(Stage.GENERATE):
        queue.finish(claim, GENERATED, b"p")
        names.append(name(claim.job))
    return names


def read_start_tags(client: redis.Redis) -> list[float]:
    """Read the places in the queue, whoever has them."""
    rows: Any = client.zrange(f"{DEFAULT_KEYS.prefix}ready:generate:sd3.5-large", 0, -1, withscores=True)
    return sorted(score for _, score in rows)


def list_leftovers(client: redis.Redis) -> list[str]:
    """List the keys of the fair order that must be gone when no job waits."""
    names = ("queued", "turns", "ready", "ready_turns", "blocked", "blocked_turns", "slots", "claimed", "leases")
    found = (key.decode().removeprefix(DEFAULT_KEYS.prefix) for key in client.scan_iter(f"{DEFAULT_KEYS.prefix}*"))
    return [name for name in found if name.startswith(tuple(f"{kind}:" for kind in names))]


@pytest.mark.parametrize("team", [None, TEAM], ids=["of a person", "of a team"])
@pytest.mark.parametrize("scope", [None, "batch", "channel"])
async def test_a_batch_delays_a_single_request_by_one_job_at_most(
    redis_url: str, catalogue: Catalogue, worker_queue: WorkerJobQueue, team: TeamRef | None, scope: str | None
) -> None:
    """With a limit on what runs at once, most of the batch is blocked when the request comes."""
    limits = {"user": UNLIMITED, "batch": UNLIMITED} | ({scope: ScopeLimits(max_running=1)} if scope else {})
    async with open_bot_queue(redis_url, catalogue, **limits) as queue:
        await enqueue(queue, *make_batch("50", 100, BATCH_WINDOW, team=team))
        run_next(worker_queue, 3)
        running = claim_job(worker_queue)
        await enqueue(queue, make_job(900, team=team), make_job(901, team=team))
        if scope == "channel":
            assert worker_queue.claim(Stage.GENERATE) is None
        worker_queue.finish(running, GENERATED, b"p")
        next_ones = run_next(worker_queue, 4)

    assert "900" in next_ones[:2]
    assert "901" in next_ones
    assert len(run_all(worker_queue, lambda job: job.id)) == BATCH_WINDOW - 6


async def test_a_persons_requests_that_wait_and_their_new_batch_take_turns(
    queue: BotJobQueue, worker_queue: WorkerJobQueue, client: redis.Redis
) -> None:
    await enqueue(queue, *(make_job(100 + number, user=2) for number in range(12)))
    await enqueue(queue, *(make_job(200 + number, user=1) for number in range(6)))
    await enqueue(queue, *make_batch("50", 300, 6))

    order = run_all(worker_queue, lambda job: f"{job.requester.id}{'b' if job.batch else 's'}")

    assert Counter(order[:8]) == {"2s": 4, "1s": 2, "1b": 2}
    assert order[-1] in {"1s", "1b", "2s"}
    assert not list_leftovers(client)


async def test_low_priority_runs_only_when_nothing_else_can_and_takes_turns_of_its_own(
    queue: BotJobQueue, worker_queue: WorkerJobQueue, client: redis.Redis
) -> None:
    low = [make_job(100 + number, 1 + number // 4, priority=Priority.LOW) for number in range(8)]
    await enqueue(queue, *low)
    await enqueue(queue, make_job(200, user=1), make_job(201, user=3, model="sdxl"))

    first = run_next(worker_queue, 4)
    await enqueue(queue, make_job(202, user=1), make_job(203, user=1))
    then = run_next(worker_queue, 8)

    assert set(first[:2]) == {"200", "201"}
    assert then[:2] == ["202", "203"]
    users = [1 + (int(job_id) - 100) // 4 for job_id in [*first[2:], *then[2:]]]
    assert all(abs(users[:end].count(1) - users[:end].count(2)) <= 1 for end in range(len(users)))
    assert float(client.get(f"{DEFAULT_KEYS.prefix}virtual_time:generate") or 0) < 100


async def test_the_places_belong_to_the_tenant_and_a_released_job_keeps_the_one_it_had(
    queue: BotJobQueue, worker_queue: WorkerJobQueue, client: redis.Redis
) -> None:
    await enqueue(queue, *make_batch("50", 100, 4, team=TEAM), *make_batch("60", 200, 4, user=2, team=TEAM))
    await enqueue(queue, make_job(300, user=3, team=TEAM), make_job(400, user=4))
    places = read_start_tags(client)

    claims = [claim_job(worker_queue) for _ in range(4)]
    claimed = [claim.job.id for claim in claims]
    assert set(claimed) == {"100", "200", "300", "400"}
    for claim in claims[::-1]:
        worker_queue.release(claim, delay_seconds=0, is_unknown_call=False, is_throttled=False)

    assert read_start_tags(client) == places
    assert [claim_job(worker_queue).job.id for _ in range(4)] == claimed
    for job_id in ("101", "201"):
        assert await queue.cancel_job(job_id, make_problem("cancelled", name="Ada")) is CancelResult.CANCELLED
    rest = run_next(worker_queue, 4)
    assert set(rest[:2]) == {"102", "202"}
    assert set(rest[2:]) == {"103", "203"}


async def test_who_is_blocked_lends_the_turn_to_others_of_the_team_and_gets_a_later_one(
    redis_url: str, catalogue: Catalogue, worker_queue: WorkerJobQueue
) -> None:
    async with open_bot_queue(redis_url, catalogue, user=ScopeLimits(max_running=1), batch=UNLIMITED) as queue:
        await enqueue(queue, make_job(100, user=1, team=TEAM), make_job(101, user=1, team=TEAM))
        await enqueue(queue, make_job(200, user=2), make_job(201, user=3), make_job(202, user=4))
        running = claim_job(worker_queue)
        await enqueue(queue, *make_batch("50", 300, 2, user=1, team=TEAM))
        claimed = [claim_job(worker_queue).job.id for _ in range(5)]
        assert worker_queue.claim(Stage.GENERATE) is None
        worker_queue.finish(running, GENERATED, b"p")

    assert running.job.id == "100"
    # Request 101 holds the team's second place while it is blocked: item 300 takes it, before later places of others.
    assert claimed == ["200", "201", "202", "300", "301"]
    assert claim_job(worker_queue).job.id == "101"


async def test_a_batch_counts_towards_its_own_limits_and_not_towards_its_owners(
    redis_url: str, catalogue: Catalogue, worker_queue: WorkerJobQueue
) -> None:
    own = ScopeLimits(max_open=1, max_running=1, max_per_minute=1)
    async with open_bot_queue(redis_url, catalogue, user=own, batch=ScopeLimits(max_running=2)) as queue:
        await enqueue(queue, *make_batch("50", 100, 4), make_job(200))
        claimed = {claim_job(worker_queue).job.id for _ in range(3)}
        assert worker_queue.claim(Stage.GENERATE) is None

    assert "200" in claimed


async def test_a_retried_dead_letter_keeps_its_subtenant_weight_and_priority(
    queue: BotJobQueue, worker_queue: WorkerJobQueue, client: QueueRedis
) -> None:
    team = TeamRef(id=9, name="Posters", weight=4)
    await enqueue(queue, *make_batch("50", 100, 1, team=team, priority=Priority.LOW))
    for _ in range(2):
        claim_job(worker_queue)
        client.zadd(f"{DEFAULT_KEYS.prefix}leases:generate", {"100": 1}, xx=True)  # its worker has died
        worker_queue.sweep(())
    letters = DeadLetterQueue(client)
    letter = letters.find_letter("100")
    assert isinstance(letter, DeadLetter)
    client.hset(DEFAULT_KEYS.job_key("100"), "state", "delivered")

    letters.retry_letter(letter, "500", 60)

    fields = client.hmget(DEFAULT_KEYS.job_key("500"), "tenant", "subtenant", "cost", "priority")
    assert fields == [b"team-9", b"batch-50", b"0.25", b"low"]


async def test_jobs_of_a_release_without_subtenants_take_turns_with_new_ones(
    queue: BotJobQueue, worker_queue: WorkerJobQueue, client: redis.Redis
) -> None:
    """The release before stores no subtenant, no priority and no inner tag; its workers know none of the new keys."""
    await enqueue(queue, *make_batch("50", 100, 3), *make_batch("60", 200, 2, user=2, priority=Priority.LOW))
    for job_id in (b"101", b"200"):  # as a worker of that release claims, finishes and forgets them
        start_tag = client.zscore(f"{DEFAULT_KEYS.prefix}ready:generate:sd3.5-large", job_id)
        for kind in ("ready", "queued"):
            client.zrem(f"{DEFAULT_KEYS.prefix}{kind}:generate:sd3.5-large", job_id)
        client.set(f"{DEFAULT_KEYS.prefix}virtual_time:generate", start_tag or 0)
    client.zremrangebyscore(f"{DEFAULT_KEYS.prefix}finish_tags:generate", "-inf", "(1e9")
    old_jobs = [make_job(300 + number, user=1) for number in range(2)]
    await enqueue(queue, *old_jobs)
    for job in old_jobs:  # as its worker promotes them
        for kind in ("ready_turns", "turns", "queued"):
            client.zrem(f"{DEFAULT_KEYS.prefix}{kind}:generate:sd3.5-large:user-1", job.id)
        client.hdel(DEFAULT_KEYS.job_key(job.id), "inner_tag:generate", "subtenant")
    await enqueue(queue, make_job(400, user=4))

    order = run_all(worker_queue, lambda job: job.id)

    assert set(order) == {"100", "102", "201", "300", "301", "400"}
    assert order[-1] == "201"
    assert order.index("100") < order.index("102")
    assert order.index("300") < order.index("301")
    assert order.index("400") <= 2
    assert not [key for key in list_leftovers(client) if "user-1" in key]
    assert float(client.get(f"{DEFAULT_KEYS.prefix}virtual_time:generate") or 0) < 100


async def test_the_status_says_which_jobs_come_before_and_which_limit_holds(
    redis_url: str, catalogue: Catalogue, worker_queue: WorkerJobQueue, client: redis.Redis
) -> None:
    """The first in line of each tenant: another person, twice the team, whose items take turns with its members."""
    async with open_bot_queue(redis_url, catalogue, user=UNLIMITED, batch=ScopeLimits(max_running=1)) as queue:
        await enqueue(queue, *make_batch("50", 100, 6, team=TEAM), make_job(200, user=2), make_job(201, user=2))
        await enqueue(queue, make_job(300, user=3, team=TEAM), make_job(301, user=3, team=TEAM))
        before = await queue.load_jobs_before("301")
        assert (before.count, {job.id for job in before.jobs}) == (5, {"100", "101", "300", "200", "201"})
        assert (await queue.load_jobs_before("100")).count == 0
        assert [status.position for status in await queue.load_statuses(["100", "300", "301", "103"])] == [1, 3, 6, 8]

        worker_queue.sweep(catalogue)
        running = claim_job(worker_queue)
        client.hset(f"{DEFAULT_KEYS.prefix}pace:sd3.5-large", "interval_ms", 500)
        [next_item, single] = await queue.load_statuses(["101", "300"])
        assert running.job.id == "100"
        assert (next_item.limiting_scope, single.limiting_scope, single.is_model_slowed) == ("batch", "", True)


async def test_of_many_jobs_before_one_a_bounded_number_is_read(
    queue: BotJobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.queue.status.MAX_JOBS_BEFORE", 5)
    await enqueue(queue, *(make_job(100 + number, user=number) for number in range(2, 12)), make_job(900))

    before = await queue.load_jobs_before("900")

    assert (before.count, len(before.jobs)) == (10, 5)
