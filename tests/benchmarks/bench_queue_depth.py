"""How much slower the queue's scripts become with 100,000 queued jobs, by the time that Redis takes for each call."""

import random
import statistics
import sys
from collections.abc import Callable
from typing import Any

import redis

from demo.redis import run_redis
from shared.accounts import DEFAULT_ACCOUNT
from shared.outcome import Failed
from shared.problems import make_problem
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.scripts import load_script
from shared.queue.stages import Stage
from tests.benchmarks.queued_jobs import enqueue_all, make_job
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.support.redis_queue import confirm_epoch
from worker.queue.replies import ClaimReply

GOAL = 2.0
FEW, MANY = (100, 10), (100_000, 10_000)  # jobs, tenants
BATCH = 10
LEASE_MS = 600_000
CANCELLED = Failed(problem=make_problem("cancelled", name="Ada")).model_dump_json()


class FilledQueue:
    """A Redis of its own with so many queued jobs. Times are microseconds of the server for each call of a script."""

    def __init__(self, client: redis.Redis, jobs: int, tenants: int) -> None:
        self.client = client
        self._rng, self._next = random.Random(7), jobs
        self.ids = [make_job(number, number % tenants).id for number in range(jobs)]
        enqueue_all(client, (make_job(number, number % tenants) for number in range(jobs)))
        self.scripts = {
            name: client.register_script(load_script(name)) for name in ("cancel", "claim", "release", "status")
        }
        for name in self.scripts.values():
            client.script_load(name.script)
        client.config_set("slowlog-log-slower-than", 0)
        client.config_set("slowlog-max-len", 10_000)

    def time_claim(self) -> list[int]:
        """Time the claims of a batch, which is put back afterwards."""
        claimed = []

        def work() -> None:
            for number in range(BATCH):
                arguments = (Stage.GENERATE, f"token-{number}", LEASE_MS, DEFAULT_ACCOUNT)
                reply = ClaimReply.parse(self._run_script("claim", *arguments))
                assert reply.job_id
                claimed.append((reply.job_id, f"token-{number}"))

        times = self._time_scripts(work)
        for job_id, token in claimed:
            self._run_script("release", Stage.GENERATE, job_id, token, 0, 0, 0)
        return times

    def time_cancel(self) -> list[int]:
        """Time the cancellation of jobs all over the queue, which others replace afterwards."""
        chosen = [self.ids.pop(self._rng.randrange(len(self.ids))) for _ in range(BATCH)]
        times = self._time_scripts(lambda: [self._run_script("cancel", job_id, CANCELLED) for job_id in chosen])
        more = [make_job(self._next + number, number) for number in range(BATCH)]
        self._next += BATCH
        enqueue_all(self.client, more)
        self.ids += [one.id for one in more]
        return times

    def time_position(self) -> list[int]:
        """Time the status of jobs all over the queue."""
        chosen = self._rng.sample(self.ids, BATCH)
        return self._time_scripts(lambda: [self._run_script("status", job_id) for job_id in chosen])

    def _time_scripts(self, work: Callable[[], object]) -> list[int]:
        self.client.slowlog_reset()
        work()
        entries = self.client.slowlog_get(4 * BATCH)
        return [entry["duration"] for entry in entries if entry["command"].startswith(b"EVALSHA")]

    def _run_script(self, name: str, *arguments: Any) -> Any:
        return self.scripts[name](keys=[DEFAULT_KEYS.prefix], args=list(arguments))


def measure(quick: bool) -> list[Ratio]:
    """Measure two servers in turn, one with few and one with many jobs."""
    rounds = 5 if quick else 9
    with (
        run_redis() as near,
        run_redis() as far,
        redis.Redis.from_url(near.url) as few,
        redis.Redis.from_url(far.url) as many,
    ):
        print(f"queue_depth: {MANY[0]} jobs are queued …", file=sys.stderr)
        shallow, deep = FilledQueue(few, *FEW), FilledQueue(many, *MANY)
        confirm_epoch(few)
        confirm_epoch(many)
        rows = []
        timers = {
            "claim": FilledQueue.time_claim,
            "position": FilledQueue.time_position,
            "cancel": FilledQueue.time_cancel,
        }
        for name, time_batch in timers.items():
            pairs = [[statistics.median(time_batch(queue)) for queue in (deep, shallow)] for _ in range(rounds)]
            ours, floor = zip(*pairs, strict=True)
            note = f"{statistics.median(ours):.0f} µs of Redis with {MANY[0]:,} jobs of {MANY[1]:,} people"
            rows.append(compute_ratio(f"queue_depth[{name}]", ours, floor, GOAL, note=note))
    return rows
