"""The trace of a job travels beside it in Redis."""

from collections.abc import AsyncIterator

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bot.queue.connection import connect_to_redis
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from shared.catalogue import Catalogue
from shared.otel_tracer import OtelTracer
from tests.support.redis_queue import RecordedTickets, claim_job, make_job
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue


@pytest.fixture
async def traced_queue(redis_url: str, catalogue: Catalogue) -> AsyncIterator[BotJobQueue]:
    tracer = OtelTracer("pentimento-bot", InMemorySpanExporter())
    queue = BotJobQueue(
        connect_to_redis(redis_url),
        catalogue=catalogue,
        build_ticket=RecordedTickets().send_from_bot,
        tracer=tracer,
    )
    yield queue
    await queue.close()
    tracer.shutdown()


async def test_worker_and_bot_learn_by_which_span_a_job_was_accepted(
    traced_queue: BotJobQueue, worker_queue: WorkerJobQueue
) -> None:
    await traced_queue.enqueue_job(make_job(1, user=1), None)
    first = (await traced_queue.load_statuses(["1"]))[0].traceparent

    await traced_queue.enqueue_job(make_job(1, user=1), None)  # accepted before: it keeps its trace

    assert first.startswith("00-")
    assert claim_job(worker_queue).traceparent == first
    assert (await traced_queue.load_statuses(["1"]))[0].traceparent == first


async def test_a_job_of_a_bot_without_tracing_has_none(bot_queue: BotJobQueue, worker_queue: WorkerJobQueue) -> None:
    await bot_queue.enqueue_job(make_job(1, user=1), None)

    assert claim_job(worker_queue).traceparent == ""
    assert (await bot_queue.load_statuses(["1"]))[0].traceparent == ""
