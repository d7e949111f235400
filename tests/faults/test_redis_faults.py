"""Redis is down, frozen or full: a bot and two workers keep running, and every job has one result and one billed call.

Measured: with connections refused for over 6 s, all is done 15 s after the first request; frozen for 12 s, 3 s after
it resumes.
"""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.user import wait_until


@pytest.fixture(scope="module")
def fault_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    with open_fault_stack(tmp_path_factory.mktemp("redis"), RECONCILE_INTERVAL_SECONDS="1") as opened:
        second = opened.start_worker()
        yield opened
        opened.stack.check_running()
        second.check_running()


def submit_four_jobs(fault_stack: FaultStack, prompt: str) -> list[str]:
    """Submit four jobs; as a user may run two at a time, two of them wait."""
    jobs = [fault_stack.submit_imagine(f"{prompt} {number} [slow:2]") for number in range(4)]
    wait_until(lambda: len(fault_stack.list_calls(prompt)) >= 2, "two calls in flight")
    return jobs


def assert_all_succeed(fault_stack: FaultStack, prompt: str, jobs: list[str]) -> None:
    for job in jobs:
        fault_stack.assert_image_posted(job)
    assert fault_stack.count_billed_calls(prompt) == len(jobs)
    fault_stack.assert_image_posted(fault_stack.submit_imagine(f"after {prompt}"))


def test_a_restart_with_its_append_only_file_loses_nothing(fault_stack: FaultStack) -> None:
    jobs = submit_four_jobs(fault_stack, "restarted")

    fault_stack.server.stop()
    fault_stack.server.start()

    assert_all_succeed(fault_stack, "restarted", jobs)


def test_jobs_survive_refused_connections_and_new_requests_are_queued_afterwards(
    fault_stack: FaultStack,
) -> None:
    """The worker holds finished results until Redis accepts them."""
    jobs = submit_four_jobs(fault_stack, "refused")

    fault_stack.server.stop()
    unqueued = fault_stack.submit_imagine("nobody hears", user="grace")
    told = fault_stack.requesters[unqueued].wait_for_private_text(unqueued)
    time.sleep(6)
    fault_stack.server.start()

    assert "no need to send it again" in told
    assert_all_succeed(fault_stack, "refused", jobs)
    fault_stack.assert_image_posted(unqueued)
    assert fault_stack.count_billed_calls("nobody hears") == 1


def test_a_frozen_server_is_waited_out(fault_stack: FaultStack) -> None:
    """Frozen for longer than a command's deadline (10 s): it runs pending commands when it resumes, but their
    replies are lost. Claims that nobody waits for are undone, and the leases of running jobs are kept."""
    jobs = submit_four_jobs(fault_stack, "frozen")

    os.kill(fault_stack.server.pid, signal.SIGSTOP)
    try:
        time.sleep(12)
    finally:
        os.kill(fault_stack.server.pid, signal.SIGCONT)

    assert_all_succeed(fault_stack, "frozen", jobs)
    assert all(fault_stack.read_job_counters(job) == {"calls": 1, "unknown_calls": 0, "crashes": 0} for job in jobs)


def test_a_full_redis_rejects_new_requests_with_a_message_and_running_jobs_finish(fault_stack: FaultStack) -> None:
    """Waiting jobs start when there is room again; until then no ticket can be written."""
    jobs = submit_four_jobs(fault_stack, "full")

    fault_stack.client.config_set("maxmemory", "1mb")
    try:
        requester = fault_stack.requesters[jobs[0]]
        told = requester.wait_for_private_text(requester.submit_imagine("too much"))
        first = [job for job in jobs if fault_stack.read_job_counters(job)["calls"]]
        for job in first:
            fault_stack.assert_image_posted(job)
    finally:
        fault_stack.client.config_set("maxmemory", "0")

    assert "The queue is full right now." in told
    assert_all_succeed(fault_stack, "full", jobs)
