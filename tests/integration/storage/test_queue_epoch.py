"""The books know of calls as they begin, and as their fate gets unknown: from the queue's log of calls."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
import redis

from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.delivery_partitions import DeliveryPartitions, make_bot_token
from bot.queue.epoch import QueuedCounters, RedisQueueEpoch
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.recovery.epoch import EpochKeeper, count_unknown_calls
from bot.storage.jobs import SqlJobStore
from bot.storage.queue_epoch import RecordedCounters, SqlEpochStore
from bot.storage.session import Database
from bot.storage.tables import queue_entries
from shared.catalogue import Catalogue
from shared.queue.keys import DEFAULT_KEYS
from tests.support.builders import read_rows
from tests.support.discord_guild import wait_until
from tests.support.poison_rows import plant_lines
from tests.support.redis_queue import (
    LEASE_SECONDS,
    RecordedTickets,
    claim_job,
    make_job,
    open_bot_queue,
    send_no_ticket,
    wait_for_lease_expiry,
)
from tests.support.restored_jobs import make_restored_jobs
from worker.ports import Claim
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

EPOCH_KEY = f"{DEFAULT_KEYS.prefix}epoch"

StartJob = Callable[[int], Awaitable[Claim]]


@pytest.fixture
def worker_queue(redis_url: str) -> Iterator[WorkerJobQueue]:
    client = connect_worker(redis_url)
    yield WorkerJobQueue(client, RecordedTickets().send_from_worker, lease_seconds=LEASE_SECONDS)
    client.close()


@pytest.fixture
async def keeper(redis_url: str, database: Database, catalogue: Catalogue) -> AsyncIterator[EpochKeeper]:
    async def do_nothing() -> None: ...

    client = connect_bot(redis_url)
    queue = BotJobQueue(client, catalogue=catalogue, build_ticket=send_no_ticket)
    epoch = RedisQueueEpoch(client)
    restored_jobs = make_restored_jobs(database, epoch, queue, catalogue)
    yield EpochKeeper(epoch, queue, SqlEpochStore(database), do_nothing, do_nothing, restored_jobs)
    await client.aclose()


@pytest.fixture
async def start_job(
    redis_url: str, catalogue: Catalogue, job_store: SqlJobStore, worker_queue: WorkerJobQueue
) -> AsyncIterator[StartJob]:
    """Record a job, queue it, and start its first call."""
    async with open_bot_queue(redis_url, catalogue) as bot_queue:

        async def start(number: int) -> Claim:
            job = make_job(number)
            await job_store.add_jobs([job], None)
            await bot_queue.enqueue_job(job, None)
            claim = claim_job(worker_queue)
            assert worker_queue.start_call(claim)
            return claim

        yield start


async def test_an_epoch_that_redis_has_lost_is_confirmed_as_soon_as_a_bot_renews_its_registration(
    keeper: EpochKeeper, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.recovery.epoch.CHECK_INTERVAL_SECONDS", 3600)
    connection = connect_bot(redis_url)
    partitions = DeliveryPartitions(connection, make_bot_token(), renew_interval_seconds=0.1)
    tasks = [asyncio.create_task(partitions.run()), asyncio.create_task(keeper.run(partitions.wait_for_lost_epoch))]
    try:
        with redis.Redis.from_url(redis_url) as client:
            await wait_until(lambda: client.hexists(EPOCH_KEY, "run_id"))
            await asyncio.sleep(0.3)
            for _ in range(2):
                client.flushall()
                await wait_until(lambda: client.hexists(EPOCH_KEY, "run_id"))

            before = client.info("commandstats")["cmdstat_info"]["calls"]
            await asyncio.sleep(1)
            calls = client.info("commandstats")["cmdstat_info"]["calls"] - before
        assert calls < 20, "while it holds, nobody asks but those who register"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await partitions.close()
        await connection.aclose()


def read_counts(database_url: str) -> list[tuple[int, int]]:
    """Read calls, and those of unknown fate, of each job."""
    return [(row["calls"], row["unknown_calls"]) for row in read_rows(database_url, queue_entries)]


async def test_calls_are_recorded_as_they_begin_and_as_their_fate_gets_unknown(
    keeper: EpochKeeper,
    start_job: StartJob,
    worker_queue: WorkerJobQueue,
    database_url: str,
    catalogue: Catalogue,
    redis_url: str,
) -> None:
    await start_job(1)
    await keeper.record_calls_once()
    assert read_counts(database_url) == [(1, 0)]

    await wait_for_lease_expiry(worker_queue, catalogue)
    await keeper.record_calls_once()
    assert read_counts(database_url) == [(1, 1)]

    assert worker_queue.start_call(claim_job(worker_queue))
    other = await start_job(2)
    worker_queue.release(other, delay_seconds=0, is_unknown_call=True, is_throttled=False)
    await keeper.record_calls_once()
    assert sorted(read_counts(database_url)) == [(1, 1), (2, 1)]
    with redis.Redis.from_url(redis_url) as client:
        assert client.xlen(DEFAULT_KEYS.call_log) == 0


async def test_a_line_of_the_log_of_calls_that_is_none_keeps_no_other_from_being_recorded(
    keeper: EpochKeeper,
    start_job: StartJob,
    database_url: str,
    redis_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        plant_lines(client)
        await start_job(1)
        client.xadd(DEFAULT_KEYS.call_log, {"job_id": 1, "calls": 2, "is_late": 0})  # as 0.1.0 writes it

        with caplog.at_level(logging.ERROR):
            await keeper.record_calls_once()

        assert read_counts(database_url) == [(2, 0)]
        assert client.xlen(DEFAULT_KEYS.call_log) == 0
    [line] = [record.getMessage() for record in caplog.records]
    assert "of the log of calls cannot be read by this release" in line


@pytest.mark.parametrize(
    ("queued", "recorded", "is_requeued", "unknown_calls"),
    [
        pytest.param((0, 0), (0, 0), False, 0, id="no call"),
        pytest.param((1, 0), (1, 0), False, 0, id="nothing lost"),
        pytest.param((0, 0), (1, 0), False, 1, id="a call lost with its result"),
        pytest.param((0, 0), (1, 1), False, 1, id="a call whose fate was unknown before"),
        pytest.param((0, 0), (2, 1), False, 2, id="two calls, the first of unknown fate"),
        pytest.param((1, 1), (2, 1), False, 2, id="a second call, after one of unknown fate"),
        pytest.param((1, 1), (1, 1), False, 1, id="a first call of unknown fate"),
        pytest.param((0, 1), (0, 0), True, 1, id="queued again"),
        pytest.param((0, 1), (1, 1), True, 2, id="queued again and called"),
    ],
)
def test_calls_that_redis_has_lost_are_of_unknown_fate(
    queued: tuple[int, int], recorded: tuple[int, int], *, is_requeued: bool, unknown_calls: int
) -> None:
    record = RecordedCounters(True, None, is_requeued, 1, *recorded)

    assert count_unknown_calls(QueuedCounters("1", *queued), record) == unknown_calls
