"""Celery's tickets in a Redis of their own: they are sent there, counted there, and no job needs them."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from bot.metrics.queue_families import build_queue_families
from bot.queue.celery_tickets import CeleryTicketWriter
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.measurement import RedisQueueMeasurement
from demo.redis import RedisServer, run_redis
from shared.catalogue import Catalogue
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.redis_queue import RecordedTickets, make_job
from worker.queue.connection import QueueRedis
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import MAX_TICKETS
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue
from worker.queue.ticket_counter import TicketCounter

TICKETS = DEFAULT_KEYS.ticket_list_key(Stage.GENERATE)
AWAY = "redis://127.0.0.1:1/0"


@pytest.fixture(scope="module")
def broker_server() -> Iterator[RedisServer]:
    with run_redis() as server:
        yield server


@pytest.fixture
def broker(broker_server: RedisServer) -> Iterator[QueueRedis]:
    with connect_worker(broker_server.url) as broker:
        broker.flushall()
        yield broker


def open_queue(redis_url: str, broker_url: str, catalogue: Catalogue) -> BotJobQueue:
    write_ticket = CeleryTicketWriter().write_ticket
    return BotJobQueue(
        connect_bot(redis_url), catalogue=catalogue, build_ticket=write_ticket, broker=connect_bot(broker_url)
    )


async def count_measured_tickets(redis_url: str, broker_url: str, catalogue: Catalogue) -> int | None:
    redis, broker = connect_bot(redis_url), connect_bot(broker_url)
    gauges = await RedisQueueMeasurement(redis, catalogue, broker).measure()
    await redis.aclose()
    await broker.aclose()
    (tickets,) = (family for family in build_queue_families(gauges) if family.name == "pentimento_tickets")
    assert [sample.value for sample in tickets.samples] == ([] if gauges.tickets is None else [gauges.tickets])
    return gauges.tickets


async def test_tickets_wait_in_the_broker_alone_and_the_sweep_sends_those_that_are_missing_there(
    redis_url: str, client: QueueRedis, broker_server: RedisServer, broker: QueueRedis, catalogue: Catalogue
) -> None:
    queue, sent = open_queue(redis_url, broker_server.url, catalogue), RecordedTickets()
    client.lpush(TICKETS, *range(MAX_TICKETS[Stage.GENERATE]))  # from before there was a broker of its own
    for number in (1, 2, 3):
        await queue.enqueue_job(make_job(number, user=number), None)
        await queue.enqueue_job(make_job(number, user=number), None)
    await queue.close()
    counter = TicketCounter(SecretStr(broker_server.url), DEFAULT_KEYS)
    workers = WorkerJobQueue(client, sent.send_from_worker, counter)
    assert broker.llen(TICKETS) == 3
    assert await count_measured_tickets(redis_url, broker_server.url, catalogue) == 3
    broker.rpop(TICKETS)
    broker.rpop(TICKETS)

    workers.sweep(catalogue)
    counter.close()

    assert sent.sent == [Stage.GENERATE, Stage.GENERATE]
    assert not client.exists(TICKETS)


async def test_jobs_are_queued_and_claimed_while_the_broker_is_away(
    redis_url: str, client: QueueRedis, catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    queue, sent = open_queue(redis_url, AWAY, catalogue), RecordedTickets()
    assert await queue.enqueue_job(make_job(1), None)
    await queue.close()
    counter = TicketCounter(SecretStr(AWAY), DEFAULT_KEYS)
    workers = WorkerJobQueue(client, sent.send_from_worker, counter)

    workers.sweep(catalogue)
    counter.close()
    assert await count_measured_tickets(redis_url, AWAY, catalogue) is None

    assert sent.sent == [Stage.GENERATE]
    assert workers.claim(Stage.GENERATE) is not None
    assert "no ticket is sent" in caplog.text
    assert caplog.text.count("Celery's broker: Nothing listens") == 2, "the sweep, and the measurement"
