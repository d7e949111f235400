"""Hours of a busy server in seconds: the real scripts on a real Redis, with simulated calls and people.

A claim takes a slot for a random time, and each of some users submits the next job after a random pause once the
previous one is done. All times are simulated ones.
"""

import asyncio
import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from shared.job import BatchRef, Job, TeamRef
from shared.outcome import Generated
from shared.queue.stages import Stage
from tests.benchmarks.queued_jobs import CATALOGUE, LIMITS, make_job
from tests.support.redis_queue import confirm_epoch, send_no_ticket
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

if TYPE_CHECKING:
    from worker.ports import Claim

SLOTS = 8
CALL_SECONDS, PAUSE_SECONDS = (5.0, 15.0), (0.0, 30.0)
GENERATED = Generated(seed=7, media_type="image/png", width=1024, height=1024, duration_seconds=10)
HEAVY_USER = 0
BATCH_WINDOW = 16
"""How many items of a batch wait or run at once."""

_HEAVY_NUMBERS: Final = 1_000_000


def make_heavy_jobs(count: int) -> Sequence[Job]:
    """Make jobs that one user sends at once."""
    return [make_job(_HEAVY_NUMBERS + number, HEAVY_USER) for number in range(count)]


def make_batch_items(count: int, team: TeamRef | None = None, *, user: int = HEAVY_USER) -> Sequence[Job]:
    """Make the items of one batch."""
    return [
        job.model_copy(
            update={
                "requester": job.requester.model_copy(update={"id": user}),
                "team": team,
                "batch": BatchRef(batch_id="7", item_number=number),
            }
        )
        for number, job in enumerate(make_heavy_jobs(count), start=1)
    ]


@dataclass
class Simulation:
    """Counts how many jobs of each user were done, and how many seconds each single job waited for a slot.

    The pauses and calls of each user are drawn from a sequence of their own, so that they are the same whatever else is
    queued.
    """

    redis_url: str
    seed: int
    users: int = 40
    finished_counts: Counter[int] = field(default_factory=Counter)
    heavy_count: int = 0
    waits: list[float] = field(default_factory=list)

    def run(self, seconds: float, heavy: Sequence[Job] = (), *, window: int | None = None) -> None:
        """Simulate so many seconds, with these jobs besides: all sent at first, or so many waiting at a time."""
        with asyncio.Runner() as runner, connect_worker(self.redis_url) as client:
            client.flushall()
            confirm_epoch(client)
            bot_queue = BotJobQueue(
                connect_bot(self.redis_url), catalogue=CATALOGUE, build_ticket=send_no_ticket, limits=LIMITS
            )

            def send(jobs: Iterable[Job]) -> None:
                for job in jobs:
                    runner.run(bot_queue.enqueue_job(job, None))

            self._run(seconds, WorkerJobQueue(client, lambda _: None), send, heavy, window)
            runner.run(bot_queue.close())

    def _run(
        self,
        seconds: float,
        queue: WorkerJobQueue,
        send: Callable[[Iterable[Job]], None],
        heavy: Sequence[Job],
        window: int | None,
    ) -> None:
        heavy_jobs, heavy_ids = iter(heavy), {job.id for job in heavy}
        send(islice(heavy_jobs, window))
        number, free, submitted_at = 0, SLOTS, dict[str, float]()
        rngs = [random.Random(1000 * self.seed + user) for user in range(self.users + 1)]
        events: list[tuple[float, int, int, Claim | None]] = [
            (rngs[user].uniform(*PAUSE_SECONDS), user, user, None) for user in range(1, self.users + 1)
        ]
        heapq.heapify(events)
        while events and events[0][0] < seconds:
            now, _, user, ended = heapq.heappop(events)
            if ended is None:
                number += 1
                job = make_job(number, user)
                submitted_at[job.id] = now
                send([job])
            else:
                queue.finish(ended, GENERATED)
                free += 1
                if ended.job.id in heavy_ids:
                    self.heavy_count += 1
                    send(islice(heavy_jobs, 1))
                else:
                    self.finished_counts[user] += 1
                    pause = rngs[user].uniform(*PAUSE_SECONDS)
                    heapq.heappush(events, (now + pause, number, user, None))
            while free and (claim := queue.claim(Stage.GENERATE)):
                free -= 1
                if claim.job.id not in heavy_ids:
                    self.waits.append(now - submitted_at[claim.job.id])
                user = claim.job.requester.id
                end = now + rngs[user].uniform(*CALL_SECONDS)
                heapq.heappush(events, (end, number + int(claim.job.id), user, claim))


def jain_index(shares: Sequence[float]) -> float:
    """Jain's index of shares: 1 when all are equal, 1/n when one has all. https://arxiv.org/abs/cs/9809099"""
    return sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares))
