"""The bot's queue and the worker's over one real Redis."""

from collections.abc import AsyncIterator, Iterator

import pytest

import bot.adapters.redis as bot_side
import worker.adapters.redis as worker_side
from shared.catalogue import Catalogue
from tests.contracts.halves import LEASE, Tickets


@pytest.fixture
def tickets() -> Tickets:
    return Tickets()


@pytest.fixture
async def bot_queue(redis_url: str, catalogue: Catalogue, tickets: Tickets) -> AsyncIterator[bot_side.RedisQueue]:
    queue = bot_side.RedisQueue(
        bot_side.connect(redis_url), catalogue=catalogue, ticket=tickets.from_bot, max_waiting=50, max_running=2
    )
    await queue.start()
    yield queue
    await queue.close()


@pytest.fixture
def worker_queue(redis_url: str, tickets: Tickets) -> Iterator[worker_side.RedisQueue]:
    client = worker_side.connect(redis_url)
    yield worker_side.RedisQueue(client, tickets.from_worker, lease=LEASE)
    client.close()
