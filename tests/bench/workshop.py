"""The real worker process over a real Redis, given jobs as the bot gives them, and drained of what it makes."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from redis.asyncio import Redis

from bot.adapters.celery import CeleryTickets
from bot.adapters.redis import RedisQueue, connect
from demo.processes import Process
from demo.redis import RedisServer, running_redis
from shared.catalogue import load_catalogue
from shared.job import Job, Place, Requester
from shared.outcome import OUTCOME, Generated
from shared.queue.names import job_key
from tests.bench.bench_cpu_job import asked
from tests.bench.model import Model

START_SECONDS = 30
RUN_SECONDS = 180
NUMBERS = itertools.count(10**17)


@dataclass(frozen=True)
class Workshop:
    """What runs: Redis and the worker."""

    redis: RedisServer
    worker: Process

    def work(self, picture: bytes | None, count: int, at_once: int) -> list[float]:
        """Have `count` jobs made, `at_once` of them open at any time; the answer is when each ended, in seconds."""
        return asyncio.run(self._work(picture, count, at_once))

    async def _work(self, picture: bytes | None, count: int, at_once: int) -> list[float]:
        async with asyncio.timeout(RUN_SECONDS), _opened(self.redis.url) as desk:
            for _ in range(at_once):
                await desk.ask(picture)
            while len(desk.ended) < count:
                self.worker.check()
                for _ in range(await desk.take()):
                    if desk.asked < count:
                        await desk.ask(picture)
        return desk.ended


@dataclass
class Desk:
    """The bot's side of the queue; everyone asks once, so that nobody's turn is waited for."""

    queue: RedisQueue
    redis: Redis
    asked: int = 0
    ended: list[float] = field(default_factory=list)

    async def ask(self, picture: bytes | None) -> None:
        number = next(NUMBERS)
        job = Job(
            id=str(number),
            request=asked(has_picture=picture is not None),
            seed=7,
            requester=Requester(id=number, name="Ada"),
            place=Place(guild=1, channel=2, message=number),
            accepted_at=time.time(),
        )
        await self.queue.accept(job, picture)
        self.asked += 1

    async def take(self) -> int:
        """Take what has ended, all of it with a picture, and let Redis forget it."""
        deliveries = await self.queue.outcomes()
        for delivery in deliveries:
            self.ended.append(time.monotonic())
            outcome = OUTCOME.validate_json(await self.redis.hget(job_key(delivery.job_id), "outcome") or "")
            assert isinstance(outcome, Generated), outcome
            await self.queue.delivered(delivery, None)
        return len(deliveries)


@contextlib.asynccontextmanager
async def _opened(redis_url: str) -> AsyncIterator[Desk]:
    redis = connect(redis_url)
    queue = RedisQueue(redis, catalogue=load_catalogue(), ticket=CeleryTickets().write)
    await queue.start()
    try:
        yield Desk(queue, redis)
    finally:
        await queue.close()


@contextlib.contextmanager
def open_workshop(model: Model, **settings: str) -> Iterator[Workshop]:
    """Start Redis and the worker, with the settings of its Dockerfile and these."""
    with running_redis() as redis:
        environment = model.environment | {"REDIS_URL": redis.url, **settings}
        worker = Process("worker", ("-m", "worker"), model.folder, environment)
        try:
            wait_for(worker, "worker ready")
            yield Workshop(redis, worker)
        finally:
            worker.stop()


def wait_for(process: Process, words: str) -> None:
    """Wait until a process has logged these words."""
    patience = time.monotonic() + START_SECONDS
    while words not in process.log.read_text():
        process.check()
        if time.monotonic() > patience:
            raise TimeoutError(process.obituary())
        time.sleep(0.005)


def catalogue_file(folder: Path, concurrency: int) -> str:
    """Lift the models' own limit of calls at the same time."""
    path = folder / "catalogue.toml"
    path.write_text(f'[models."sd3.5-large"]\nconcurrency = {concurrency}\n', encoding="utf-8")
    return str(path)
