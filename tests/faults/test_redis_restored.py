"""An older file of Redis is restored under the real processes: what was done since is not done and paid for again."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from demo.redis import RedisServer, find_free_port
from shared.queue.keys import DEFAULT_KEYS
from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.process_logs import wait_for_log
from tests.support.records import query_records
from tests.support.redis_files import copy_redis_file, restore_redis_file
from tests.support.user import list_media, wait_until

SECONDS_WITHOUT_CALL = 5.0
"""Longer than a lease and than the sweeps that find a job."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[FaultStack]:
    with open_fault_stack(tmp_path, start=("bot",), BEDROCK_CALL_SECONDS="20") as opened:
        yield opened


def count_recorded_calls(stage: FaultStack) -> tuple[int, ...]:
    """Count the calls in the books, and those of unknown fate."""
    return query_records(stage.stack, "SELECT sum(calls), sum(unknown_calls) FROM queue_entries")[0]


def wait_until_delivered(stage: FaultStack, jobs: list[str]) -> None:
    for job in jobs:
        stage.assert_image_posted(job)
    delivered = "SELECT count(*) FROM jobs WHERE state = 'delivered'"
    wait_until(lambda: query_records(stage.stack, delivered)[0][0] >= len(jobs), "all records closed")


@pytest.mark.parametrize("is_bot_away", [False, True])
def test_jobs_that_were_done_since_the_copy_are_not_done_again(
    stage: FaultStack, tmp_path: Path, *, is_bot_away: bool
) -> None:
    """Without a bot the worker holds and says so, and goes on when a bot has compared the queue with its database."""
    worker = stage.start_worker()
    os.kill(worker.pid, signal.SIGSTOP)
    jobs = [stage.submit_imagine(f"restored {number}") for number in range(3)]
    wait_until(lambda: all(stage.client.exists(DEFAULT_KEYS.job_key(job)) for job in jobs), "three jobs in Redis")
    backup = copy_redis_file(stage.server, tmp_path / "backup")
    os.kill(worker.pid, signal.SIGCONT)
    wait_until_delivered(stage, jobs)

    if is_bot_away:
        assert stage.stack.processes["bot"].stop() == 0
    restore_redis_file(stage.server, backup)
    if is_bot_away:
        wait_for_log(worker, "no call is made for now")
        stage.restart_bot()

    time.sleep(SECONDS_WITHOUT_CALL)
    stage.assert_image_posted(stage.submit_imagine("restored and after"))
    assert len(stage.list_calls("restored")) == len(jobs) + 1
    wait_until(lambda: count_recorded_calls(stage) == (len(jobs) + 1, 0), "books that equal the bill")
    assert all(stage.client.hget(DEFAULT_KEYS.job_key(job), "state") == b"delivered" for job in jobs)


def promote_replica(stage: FaultStack, replica: RedisServer) -> None:
    """Let a replica take the place of the primary, which is lost."""
    os.kill(stage.server.pid, signal.SIGKILL)
    stage.server.stop()
    with redis.Redis.from_url(replica.url) as client:
        client.replicaof("NO", "ONE")
        client.config_set("port", stage.server.port)


def test_jobs_that_were_done_are_not_done_again_after_a_lagging_replica_was_promoted(
    stage: FaultStack, tmp_path: Path
) -> None:
    worker = stage.start_worker()
    os.kill(worker.pid, signal.SIGSTOP)
    jobs = [stage.submit_imagine(f"replicated {number}") for number in range(3)]
    wait_until(lambda: all(stage.client.exists(DEFAULT_KEYS.job_key(job)) for job in jobs), "three jobs in Redis")
    replica = RedisServer(tmp_path / "replica", "--replicaof", f"127.0.0.1 {stage.server.port}")
    replica.start()
    try:
        with redis.Redis.from_url(replica.url) as client:
            wait_until(
                lambda: client.exists(*map(DEFAULT_KEYS.job_key, jobs)) == len(jobs), "three jobs in the replica"
            )
            client.replicaof("127.0.0.1", str(find_free_port()))  # it hears no more of its primary
        os.kill(worker.pid, signal.SIGCONT)
        wait_until_delivered(stage, jobs)

        promote_replica(stage, replica)

        time.sleep(SECONDS_WITHOUT_CALL)
        stage.assert_image_posted(stage.submit_imagine("replicated and after"))
        assert len(stage.list_calls("replicated")) == len(jobs) + 1
        wait_until(lambda: count_recorded_calls(stage) == (len(jobs) + 1, 0), "books that equal the bill")
    finally:
        stage.stack.processes["bot"].stop()
        replica.stop()


def test_a_call_of_which_the_restored_file_does_not_know_is_of_unknown_fate(stage: FaultStack, tmp_path: Path) -> None:
    worker = stage.start_worker()
    os.kill(worker.pid, signal.SIGSTOP)
    job = stage.submit_imagine("called since [slow:3]")
    wait_until(lambda: bool(stage.client.exists(DEFAULT_KEYS.job_key(job))), "the job in Redis")
    backup = copy_redis_file(stage.server, tmp_path / "backup")
    os.kill(worker.pid, signal.SIGCONT)
    wait_until(lambda: count_recorded_calls(stage) == (1, 0), "the call in the books while it runs")
    wait_until(lambda: len(stage.list_calls("called since")) == 1, "the call at Bedrock")

    stage.kill_worker(worker)
    restore_redis_file(stage.server, backup)
    stage.start_worker()

    wait_until_delivered(stage, [job])
    assert len(stage.list_calls("called since")) == 2
    assert count_recorded_calls(stage) == (2, 1)


def test_a_redis_emptied_amid_calls_leaves_the_books_equal_to_the_bill(stage: FaultStack) -> None:
    stage.start_worker()
    jobs = [
        stage.submit_imagine(f"emptied {number} [slow:2]", user) for number in range(2) for user in ("ada", "grace")
    ]
    jobs += [stage.submit_imagine(f"emptied {number} [slow:2]", "linus") for number in range(3)]
    wait_until(lambda: len(stage.list_calls("emptied")) >= 4, "calls in flight")

    with redis.Redis.from_url(stage.stack.redis_url) as client:
        client.flushall()

    wait_until_delivered(stage, jobs)
    calls = len(stage.list_calls("emptied"))
    wait_until(lambda: count_recorded_calls(stage)[0] == calls, f"{calls} calls in the books")
    assert len(jobs) <= calls <= 2 * len(jobs)
    for job in jobs:
        assert len(list_media(stage.wait_for_result(job))) == 1


def test_a_job_whose_second_call_is_lost_with_redis_is_not_called_a_third_time(stage: FaultStack) -> None:
    """The first call is of unknown fate. The bot knows that at once, not only when it next looks at all jobs."""
    stage.start_worker()
    job = stage.submit_imagine("called twice [drop-once] [slow:3]")
    wait_until(lambda: len(stage.list_calls("called twice")) == 2, "the second call")
    wait_until(lambda: count_recorded_calls(stage) == (2, 1), "both calls in the books")

    stage.client.flushall()

    stage.wait_for_result(job)
    time.sleep(SECONDS_WITHOUT_CALL)
    assert len(stage.list_calls("called twice")) == 2
    assert count_recorded_calls(stage) == (2, 1)
