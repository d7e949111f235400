"""The bot's queue and the worker's over one real Redis."""

from collections.abc import AsyncIterator, Iterator

import pytest

import bot.queue.redis_queue as bot_side
import worker.queue.job_queue as worker_side
from shared.catalogue import Catalogue
from tests.support.redis_queue import LEASE_SECONDS, RecordedTickets


@pytest.fixture
def tickets() -> RecordedTickets:
    return RecordedTickets()


@pytest.fixture
async def bot_queue(
    redis_url: str, catalogue: Catalogue, tickets: RecordedTickets
) -> AsyncIterator[bot_side.RedisJobQueue]:
    queue = bot_side.RedisJobQueue(
        bot_side.connect_to_redis(redis_url),
        catalogue=catalogue,
        build_ticket=tickets.send_from_bot,
        max_waiting=50,
        max_running=2,
    )
    await queue.start()
    yield queue
    await queue.close()


@pytest.fixture
def worker_queue(redis_url: str, tickets: RecordedTickets) -> Iterator[worker_side.RedisJobQueue]:
    client = worker_side.connect(redis_url)
    yield worker_side.RedisJobQueue(client, tickets.send_from_worker, lease_seconds=LEASE_SECONDS)
    client.close()
