"""The bot's queue and the worker's on one real Redis."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import Limits, ScopeLimits
from bot.queue.outcomes import RedisOutcomeStream
from shared.catalogue import Catalogue
from tests.support.redis_queue import LEASE_SECONDS, RecordedTickets
from worker.queue.connection import QueueRedis
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue


@pytest.fixture
def recorded_tickets() -> RecordedTickets:
    return RecordedTickets()


@pytest.fixture
async def bot_queue(
    redis_url: str, catalogue: Catalogue, recorded_tickets: RecordedTickets
) -> AsyncIterator[BotJobQueue]:
    queue = BotJobQueue(
        connect_bot(redis_url),
        catalogue=catalogue,
        build_ticket=recorded_tickets.send_from_bot,
        limits=Limits(user=ScopeLimits(max_open=50, max_running=2)),
    )
    yield queue
    await queue.close()


@pytest.fixture
async def outcomes(redis_url: str, catalogue: Catalogue) -> AsyncIterator[RedisOutcomeStream]:
    stream = RedisOutcomeStream(connect_bot(redis_url), catalogue)
    yield stream
    await stream.close()


@pytest.fixture
def client(redis_url: str) -> Iterator[QueueRedis]:
    with connect_worker(redis_url) as client:
        yield client


@pytest.fixture
def worker_queue(redis_url: str, recorded_tickets: RecordedTickets) -> Iterator[WorkerJobQueue]:
    client = connect_worker(redis_url)
    yield WorkerJobQueue(client, recorded_tickets.send_from_worker, lease_seconds=LEASE_SECONDS)
    client.close()
