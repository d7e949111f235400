"""The bot's queue and the worker's together: from submission to delivery, and while Redis is full, frozen or away."""

import os
import signal

import pytest
import redis
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.domain.errors import QueueResultUnknownError
from bot.queue.connection import QueueRedis
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.outcomes import RedisOutcomeStream
from demo.redis import RedisServer
from shared.accounts import DEFAULT_ACCOUNT
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem
from shared.queue.chunks import CHUNK_BYTES
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, RecordedTickets, claim_job, make_job, send_no_ticket
from worker.queue.connection import QueueRedis as WorkerRedis
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue


async def test_a_job_goes_from_upload_to_delivery_and_its_pictures_are_deleted(
    bot_queue: BotJobQueue,
    outcomes: RedisOutcomeStream,
    worker_queue: WorkerJobQueue,
    recorded_tickets: RecordedTickets,
) -> None:
    upload, prepared = b"upload" * CHUNK_BYTES, b"prepared" * (CHUNK_BYTES // 3)
    job = make_job(1, has_picture=True)
    assert await bot_queue.enqueue_job(job, upload)

    preparing = claim_job(worker_queue, Stage.PREPARE)
    assert worker_queue.fetch_upload("1") == upload
    assert worker_queue.promote(preparing, prepared)
    assert worker_queue.fetch_upload("1") is None

    generating = claim_job(worker_queue)
    assert generating.job == job
    assert worker_queue.fetch_prepared("1") == await bot_queue.load_prepared_image("1") == prepared
    assert worker_queue.start_call(generating)
    assert worker_queue.finish(generating, GENERATED, b"picture")

    [entry] = await outcomes.read_outcomes()
    [status] = await outcomes.load_statuses([entry.job_id])
    assert status.outcome == GENERATED
    assert await outcomes.load_result_image("1") == b"picture"
    await outcomes.acknowledge_outcome(entry, 99)
    assert await outcomes.load_result_image("1") is None
    assert worker_queue.fetch_prepared("1") is None
    assert await bot_queue.list_open_jobs() == []
    assert sorted(recorded_tickets.sent) == [Stage.GENERATE, Stage.PREPARE]


async def test_a_repeated_interaction_is_the_same_job(bot_queue: BotJobQueue, worker_queue: WorkerJobQueue) -> None:
    assert await bot_queue.enqueue_job(make_job(1), None)
    assert not await bot_queue.enqueue_job(make_job(1), None)

    claim_job(worker_queue)
    assert worker_queue.claim(Stage.GENERATE) is None


async def test_too_many_open_jobs_of_a_user_are_rejected_with_the_limit(bot_queue: BotJobQueue) -> None:
    for number in range(50):
        await bot_queue.enqueue_job(make_job(number), None)

    with pytest.raises(RejectedError) as rejected:
        await bot_queue.enqueue_job(make_job(51), None)

    assert rejected.value.problems[0] == make_problem("too_many_waiting", count=50, limit=50)


async def test_the_same_claim_token_gives_the_same_job(bot_queue: BotJobQueue, worker_queue: WorkerJobQueue) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    await bot_queue.enqueue_job(make_job(2, user=2), None)

    first, second = (worker_queue._claim(Stage.GENERATE, "token", [DEFAULT_ACCOUNT]).job_id for _ in range(2))

    assert first == second == "1"
    assert claim_job(worker_queue).job.id == "2"


async def test_finishing_sends_a_ticket_only_for_a_job_that_has_none(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, client: WorkerRedis, recorded_tickets: RecordedTickets
) -> None:
    for number in range(1, 4):
        await bot_queue.enqueue_job(make_job(number, user=number), None)
    first, second = claim_job(worker_queue), claim_job(worker_queue)
    recorded_tickets.sent.clear()

    client.lpush(DEFAULT_KEYS.ticket_list_key(Stage.GENERATE), "the third job's")
    worker_queue.finish(first, GENERATED, b"picture")
    assert recorded_tickets.sent == []

    client.delete(DEFAULT_KEYS.ticket_list_key(Stage.GENERATE))
    worker_queue.finish(second, GENERATED, b"picture")
    assert recorded_tickets.sent == [Stage.GENERATE]


async def test_the_sweep_sends_tickets_that_were_lost(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue, recorded_tickets: RecordedTickets
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    await bot_queue.enqueue_job(make_job(2, user=2, has_picture=True), b"upload")
    recorded_tickets.sent.clear()

    worker_queue.sweep(catalogue)

    assert sorted(recorded_tickets.sent) == [Stage.GENERATE, Stage.PREPARE]


async def test_outcomes_that_were_read_but_not_acknowledged_come_first_after_a_restart(
    bot_queue: BotJobQueue,
    outcomes: RedisOutcomeStream,
    worker_queue: WorkerJobQueue,
    redis_url: str,
    catalogue: Catalogue,
) -> None:
    for number in (1, 2):
        await bot_queue.enqueue_job(make_job(number, user=number), None)
        worker_queue.finish(claim_job(worker_queue), GENERATED, b"p")
    entries = await outcomes.read_outcomes()

    restarted = RedisOutcomeStream(connect_bot(redis_url), catalogue)

    assert await restarted.read_outcomes() == entries
    assert await restarted.read_outcomes() == []
    await restarted.close()


async def test_a_running_job_finishes_even_if_redis_is_full(
    bot_queue: BotJobQueue,
    outcomes: RedisOutcomeStream,
    worker_queue: WorkerJobQueue,
    catalogue: Catalogue,
    redis_url: str,
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    with connect_worker(redis_url) as client:
        client.config_set("maxmemory", "1")
        try:
            claim = claim_job(worker_queue)
            assert worker_queue.start_call(claim)
            worker_queue.renew_leases()
            worker_queue.sweep(catalogue)
            assert worker_queue.finish(claim, GENERATED, b"picture")
        finally:
            client.config_set("maxmemory", "0")

    assert await outcomes.load_result_image("1") == b"picture"


async def test_a_job_can_be_released_given_back_or_cancelled_even_if_redis_is_full(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, redis_url: str
) -> None:
    for user in (1, 2, 3):
        await bot_queue.enqueue_job(make_job(user, user), None)
    released, returned, _ = [claim_job(worker_queue) for _ in range(3)]
    with connect_worker(redis_url) as client:
        client.config_set("maxmemory", "1")
        try:
            assert worker_queue.release(released, delay_seconds=0, is_unknown_call=True, is_throttled=True)
            worker_queue.return_claim(returned)
            worker_queue.renew_leases()
            await bot_queue.cancel_job("3", make_problem("cancelled", name="Ada"))
        finally:
            client.config_set("maxmemory", "0")

    states = {status.job.id: str(status.state) for status in await bot_queue.load_statuses(["1", "2", "3"])}
    assert states == {"1": "queued", "2": "queued", "3": "finished"}


async def test_a_full_redis_rejects_new_jobs(bot_queue: BotJobQueue, redis_url: str) -> None:
    client = connect_worker(redis_url)
    client.config_set("maxmemory", "8mb")
    try:
        with pytest.raises(RejectedError) as rejected:
            await bot_queue.enqueue_job(make_job(1, has_picture=True), b"x" * 8_000_000)
    finally:
        client.config_set("maxmemory", "0")
        client.close()

    assert rejected.value.problems == (make_problem("queue_full"),)
    assert await bot_queue.list_open_jobs() == []


async def test_a_job_that_a_frozen_redis_has_received_is_queued_when_it_resumes(
    redis_server: RedisServer, redis_url: str, catalogue: Catalogue
) -> None:
    pool = ConnectionPool.from_url(redis_url, socket_timeout=0.3, retry=Retry(NoBackoff(), retries=1))
    client = QueueRedis(pool, DEFAULT_KEYS)
    queue = BotJobQueue(client, catalogue=catalogue, build_ticket=send_no_ticket)
    await client.ping()

    os.kill(redis_server.pid, signal.SIGSTOP)
    try:
        with pytest.raises(QueueResultUnknownError):
            await queue.enqueue_job(make_job(1), None)
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)

    assert [status.job.id for status in await queue.load_statuses(["1"])] == ["1"]
    await queue.close()


async def test_it_is_unknown_whether_an_unreachable_redis_has_accepted_a_job(catalogue: Catalogue) -> None:
    queue = BotJobQueue(connect_bot("redis://127.0.0.1:1/0"), catalogue=catalogue, build_ticket=send_no_ticket)

    with pytest.raises(QueueResultUnknownError):
        await queue.enqueue_job(make_job(1), None)

    await queue.close()


async def test_the_thread_of_a_lost_job_leaves_nothing_behind_so_that_it_can_be_queued_again(
    bot_queue: BotJobQueue, client: redis.Redis
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    await bot_queue.set_thread("1", 77)
    [status] = await bot_queue.load_statuses(["1"])
    client.flushall()

    await bot_queue.set_thread("1", 77)

    assert status.thread_id == 77
    assert not client.exists(DEFAULT_KEYS.job_key("1"))
    client.hset(DEFAULT_KEYS.job_key("1"), "thread_id", 77)  # as earlier releases left it
    assert await bot_queue.enqueue_job(make_job(1), None)
    assert [status.job.id for status in await bot_queue.load_statuses(["1"])] == ["1"]
