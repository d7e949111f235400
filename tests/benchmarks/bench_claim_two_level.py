"""How much slower a claim is when each tenant is a team with a batch and members, by the time that Redis takes."""

import statistics
from collections.abc import Iterable
from typing import Any

import redis

from demo.redis import run_redis
from shared.accounts import DEFAULT_ACCOUNT
from shared.job import BatchRef, Job, TeamRef
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.scripts import load_script
from shared.queue.stages import Stage
from tests.benchmarks.queued_jobs import enqueue_all, make_job
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.support.redis_queue import confirm_epoch
from worker.queue.replies import ClaimReply

GOAL = 2.0
TENANTS, JOBS_OF_EACH = 1_000, 10
BATCH = 20
LEASE_MS = 600_000


def make_jobs() -> Iterable[Job]:
    """Make jobs of people who have ten each."""
    return (make_job(number, number % TENANTS) for number in range(TENANTS * JOBS_OF_EACH))


def make_team_jobs() -> Iterable[Job]:
    """Make as many jobs of teams: each sends five items of a batch, then its members send five requests.

    Their turns alternate, so that most claims exchange two places.
    """
    for job in make_jobs():
        tenant, turn = job.requester.id, job.seed or 0
        batch = BatchRef(batch_id=str(tenant), item_number=1) if turn < TENANTS * JOBS_OF_EACH // 2 else None
        yield job.model_copy(update={"team": TeamRef(id=tenant, name="a team"), "batch": batch})


class TimedQueue:
    """A Redis of its own with these jobs queued."""

    def __init__(self, client: redis.Redis, jobs: Iterable[Job]) -> None:
        self.client, self._tokens = client, 0
        confirm_epoch(client)
        enqueue_all(client, jobs)
        self._claim = client.register_script(load_script("claim"))
        client.script_load(self._claim.script)
        client.config_set("slowlog-log-slower-than", 0)
        client.config_set("slowlog-max-len", 10_000)

    def time_claims(self) -> float:
        """Return the median microseconds of the server for the claims of a batch."""
        self.client.slowlog_reset()
        for _ in range(BATCH):
            self._tokens += 1
            arguments: list[Any] = [Stage.GENERATE, f"token-{self._tokens}", LEASE_MS, DEFAULT_ACCOUNT]
            assert ClaimReply.parse(self._claim(keys=[DEFAULT_KEYS.prefix], args=arguments)).job_id
        entries = self.client.slowlog_get(4 * BATCH)
        return statistics.median([int(row["duration"]) for row in entries if row["command"].startswith(b"EVALSHA")])


def measure(quick: bool) -> list[Ratio]:
    """Measure two servers in turn, one with people and one with teams."""
    rounds = 10 if quick else 40
    with (
        run_redis() as of_people,
        run_redis() as of_teams,
        redis.Redis.from_url(of_people.url) as people,
        redis.Redis.from_url(of_teams.url) as teams,
    ):
        single, double = TimedQueue(people, make_jobs()), TimedQueue(teams, make_team_jobs())
        pairs = [(double.time_claims(), single.time_claims()) for _ in range(rounds)]
    ours, floor = zip(*pairs, strict=True)
    note = f"{statistics.median(ours):.0f} µs of Redis, {statistics.median(floor):.0f} µs for people without teams"
    return [compute_ratio("claim_two_level", ours, floor, GOAL, note=note)]
