"""How 40 equal users are served while another one queues 1,000 jobs, with the real scripts on a real Redis.

The calls are simulated, so that an hour passes in seconds: a claim takes a slot for a random time, and each of the 40
users submits the next job after a random pause once the previous one is done. All times are simulated ones.
"""

import heapq
import random
import statistics
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import redis

from demo.redis import RedisServer, run_redis
from shared.outcome import Generated
from shared.queue.stages import Stage
from tests.benchmarks.queued_jobs import enqueue_all, make_job
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.support.redis_queue import confirm_epoch
from worker.queue.job_queue import RedisJobQueue

if TYPE_CHECKING:
    from worker.ports import Claim

JAIN_GOAL, WAIT_GOAL = 0.98, 1.1
USERS, HEAVY_USER, HEAVY_JOBS = 40, 0, 1_000
SLOTS = 8
CALL_SECONDS, PAUSE_SECONDS = (5.0, 15.0), (0.0, 30.0)
GENERATED = Generated(seed=7, media_type="image/png", width=1024, height=1024, duration_seconds=10)


@dataclass
class Simulation:
    """Counts how many jobs of each user were done, and how many seconds each job of the 40 users waited for a slot."""

    client: redis.Redis
    rng: random.Random
    finished_counts: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)

    def run(self, seconds: float, heavy: int) -> None:
        """Simulate so many seconds, with so many jobs of the heavy user queued before."""
        self.client.flushall()
        confirm_epoch(self.client)
        queue = RedisJobQueue(self.client, lambda _: None)
        enqueue_all(self.client, (make_job(number, HEAVY_USER) for number in range(heavy)))
        number, free, submitted_at = heavy, SLOTS, dict[str, float]()
        events: list[tuple[float, int, int, Claim | None]] = [
            (self.rng.uniform(*PAUSE_SECONDS), user, user, None) for user in range(1, USERS + 1)
        ]
        heapq.heapify(events)
        while events and events[0][0] < seconds:
            now, _, user, ended = heapq.heappop(events)
            if ended is None:
                number += 1
                job = make_job(number, user)
                submitted_at[job.id] = now
                enqueue_all(self.client, [job])
            else:
                queue.finish(ended, GENERATED)
                free += 1
                self.finished_counts[user] += 1
                if user != HEAVY_USER:
                    pause = self.rng.uniform(*PAUSE_SECONDS)
                    heapq.heappush(events, (now + pause, number, user, None))
            while free and (claim := queue.claim(Stage.GENERATE)):
                free -= 1
                user = claim.job.requester.id
                if user != HEAVY_USER:
                    self.waits.append(now - submitted_at[claim.job.id])
                end = now + self.rng.uniform(*CALL_SECONDS)
                heapq.heappush(events, (end, number + int(claim.job.id), user, claim))


def jain_index(shares: list[int]) -> float:
    """Jain's index of shares: 1 when all are equal, 1/n when one has all. https://arxiv.org/abs/cs/9809099"""
    return sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares))


def measure(quick: bool) -> list[Ratio]:
    """Simulate the same users with and without the heavy one, for several seeds."""
    seeds, seconds = (2, 900.0) if quick else (5, 3_600.0)
    with run_redis() as server:
        pairs = [_run_simulations(server, seed, seconds) for seed in range(seeds)]
    indices = [
        jain_index([with_heavy.finished_counts[user] for user in range(1, USERS + 1)]) for with_heavy, _ in pairs
    ]
    waits = [[statistics.mean(hour.waits) for hour in pair] for pair in pairs]
    heavy = statistics.median(with_heavy.finished_counts[HEAVY_USER] for with_heavy, _ in pairs)
    light = statistics.median(
        count for hour, _ in pairs for who, count in hour.finished_counts.items() if who != HEAVY_USER
    )
    ours, floor = zip(*waits, strict=True)
    return [
        compute_ratio(
            "fairness[jain]", indices, [1.0] * seeds, JAIN_GOAL, "higher", f"{heavy:g} jobs of the heavy one"
        ),
        compute_ratio(
            "fairness[wait]", ours, floor, WAIT_GOAL, note=f"{statistics.median(ours):.1f} s, {light:g} jobs each"
        ),
    ]


def _run_simulations(server: RedisServer, seed: int, seconds: float) -> list[Simulation]:
    print(f"fairness: seed {seed} …", file=sys.stderr)
    hours = []
    for heavy in (HEAVY_JOBS, 0):
        with redis.Redis.from_url(server.url) as client:
            hour = Simulation(client, random.Random(seed))
            hour.run(seconds, heavy)
        hours.append(hour)
    return hours
