"""The real worker process on a real Redis, fed with jobs as by the bot, its outcomes consumed."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from redis.asyncio import Redis

from bot.queue.celery_tickets import CeleryTicketWriter
from bot.queue.connection import connect_to_redis
from bot.queue.job_queue import RedisJobQueue
from bot.queue.outcomes import RedisOutcomeStream
from demo.processes import Process
from demo.redis import RedisServer, run_redis
from shared.catalogue import load_catalogue
from shared.job import Job, Origin, Requester
from shared.outcome import OUTCOME_ADAPTER, Generated
from shared.queue.keys import DEFAULT_KEYS
from tests.benchmarks.bench_cpu_job import make_request
from tests.benchmarks.fake_bedrock import FakeBedrock
from tests.support.redis_queue import confirm_epoch
from worker.queue.connection import connect_to_redis as connect_worker

START_SECONDS = 30
RUN_SECONDS = 180
NUMBERS = itertools.count(10**17)


@dataclass(frozen=True)
class BenchEnvironment:
    """The running Redis and worker."""

    redis: RedisServer
    worker: Process

    def run_jobs(self, picture: bytes | None, count: int, at_once: int) -> list[float]:
        """Run `count` jobs, `at_once` of them open at any time; return when each ended, in seconds."""
        return asyncio.run(self._run_jobs(picture, count, at_once))

    async def _run_jobs(self, picture: bytes | None, count: int, at_once: int) -> list[float]:
        async with asyncio.timeout(RUN_SECONDS), _open_feeder(self.redis.url) as feeder:
            for _ in range(at_once):
                await feeder.submit(picture)
            while len(feeder.end_times) < count:
                self.worker.check_running()
                for _ in range(await feeder.collect_outcomes()):
                    if feeder.submitted < count:
                        await feeder.submit(picture)
        return feeder.end_times


@dataclass
class JobFeeder:
    """The bot's side of the queue; every job has a user of its own, so that none waits for its turn."""

    queue: RedisJobQueue
    outcomes: RedisOutcomeStream
    redis: Redis
    submitted: int = 0
    end_times: list[float] = field(default_factory=list)

    async def submit(self, picture: bytes | None) -> None:
        number = next(NUMBERS)
        job = Job(
            id=str(number),
            request=make_request(has_picture=picture is not None),
            seed=7,
            requester=Requester(id=number, name="Ada"),
            origin=Origin(guild_id=1, channel_id=2, message_id=number),
            accepted_at=time.time(),
        )
        await self.queue.enqueue_job(job, picture)
        self.submitted += 1

    async def collect_outcomes(self) -> int:
        """Read and acknowledge the outcomes, all of which must have an image; return their number."""
        entries = await self.outcomes.read_outcomes()
        for entry in entries:
            self.end_times.append(time.monotonic())
            outcome = OUTCOME_ADAPTER.validate_json(
                await self.redis.hget(DEFAULT_KEYS.job_key(entry.job_id), "outcome") or ""
            )
            assert isinstance(outcome, Generated), outcome
            await self.outcomes.acknowledge_outcome(entry, None)
        return len(entries)


@contextlib.asynccontextmanager
async def _open_feeder(redis_url: str) -> AsyncIterator[JobFeeder]:
    redis, catalogue = connect_to_redis(redis_url), load_catalogue()
    queue = RedisJobQueue(redis, catalogue=catalogue, build_ticket=CeleryTicketWriter().write_ticket)
    outcomes = RedisOutcomeStream(redis, catalogue)
    try:
        yield JobFeeder(queue, outcomes, redis)
    finally:
        await queue.close()


@contextlib.contextmanager
def open_bench_environment(model: FakeBedrock, **settings: str) -> Iterator[BenchEnvironment]:
    """Start Redis and the worker, with the settings of its Dockerfile and these."""
    with run_redis() as redis:
        with connect_worker(redis.url) as client:
            confirm_epoch(client)
        environment = model.environment | {"REDIS_URL": redis.url, **settings}
        worker = Process("worker", ("-m", "worker"), model.folder, environment)
        try:
            wait_for_log(worker, "worker ready")
            yield BenchEnvironment(redis, worker)
        finally:
            worker.stop()


def wait_for_log(process: Process, words: str, seconds: float = START_SECONDS) -> None:
    """Wait until a process has logged these words, for so many seconds at most."""
    deadline = time.monotonic() + seconds
    while words not in process.log.read_text():
        process.check_running()
        if time.monotonic() > deadline:
            raise TimeoutError(process.describe_exit())
        time.sleep(0.005)


def write_catalogue(folder: Path, concurrency: int) -> str:
    """Lift the models' own limit of calls at the same time."""
    path = folder / "catalogue.toml"
    path.write_text(f'[models."sd3.5-large"]\nconcurrency = {concurrency}\n', encoding="utf-8")
    return str(path)
