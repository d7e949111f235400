"""Redis goes away, freezes, fills up: a bot and two workers stay up, every job ends once and is paid once.

Measured: refused for 6 s and more, all is over 15 s after the first question; frozen for 12 s, 3 s after it goes on.
"""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.user import wait_until


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    with open_fault_stack(tmp_path_factory.mktemp("redis"), RECONCILE_INTERVAL_SECONDS="1") as opened:
        second = opened.start_worker()
        yield opened
        opened.stack.check_running()
        second.check_running()


def submit_four_jobs(stage: FaultStack, prompt: str) -> list[str]:
    """Ask for four: as one person may run two at a time, two of them wait."""
    jobs = [stage.submit_imagine(f"{prompt} {number} [slow:2]") for number in range(4)]
    wait_until(lambda: len(stage.list_calls(prompt)) == 2, "two calls in flight")
    return jobs


def assert_all_succeed(stage: FaultStack, prompt: str, jobs: list[str]) -> None:
    for job in jobs:
        stage.assert_image_posted(job)
    assert stage.count_billed_calls(prompt) == len(jobs)
    stage.assert_image_posted(stage.submit_imagine(f"after {prompt}"))


def test_a_restart_with_its_append_only_file_loses_nothing(stage: FaultStack) -> None:
    jobs = submit_four_jobs(stage, "restarted")

    stage.server.stop()
    stage.server.start()

    assert_all_succeed(stage, "restarted", jobs)


def test_connections_refused_for_a_while_are_waited_out_and_new_requests_queued_afterwards(stage: FaultStack) -> None:
    """The answers that come meanwhile are kept by the worker until Redis takes them."""
    jobs = submit_four_jobs(stage, "refused")

    stage.server.stop()
    unheard = stage.submit_imagine("nobody hears", user="grace")
    told = stage.requesters[unheard].wait_for_private_text(unheard)
    time.sleep(6)
    stage.server.start()

    assert "do not need to send it again" in told
    assert_all_succeed(stage, "refused", jobs)
    stage.assert_image_posted(unheard)
    assert stage.count_billed_calls("nobody hears") == 1


def test_a_frozen_server_is_waited_out(stage: FaultStack) -> None:
    """Frozen for longer than a command's deadline (10 s): what was sent to it is run when it goes on, unheard.
    Claims that nobody waits for are given back as if never made, and the leases of what ran are kept."""
    jobs = submit_four_jobs(stage, "frozen")

    os.kill(stage.server.pid, signal.SIGSTOP)
    try:
        time.sleep(12)
    finally:
        os.kill(stage.server.pid, signal.SIGCONT)

    assert_all_succeed(stage, "frozen", jobs)
    assert all(stage.read_job_counters(job) == {"calls": 1, "unknown_calls": 0, "crashes": 0} for job in jobs)


def test_a_full_server_refuses_new_requests_in_words_and_what_runs_ends(stage: FaultStack) -> None:
    """What waits is not started while no ticket can be written, and is when there is room again."""
    jobs = submit_four_jobs(stage, "full")

    stage.client.config_set("maxmemory", "1mb")
    try:
        asker = stage.requesters[jobs[0]]
        told = asker.wait_for_private_text(asker.submit_imagine("too much"))
        first = [job for job in jobs if stage.read_job_counters(job)["calls"]]
        for job in first:
            stage.assert_image_posted(job)
    finally:
        stage.client.config_set("maxmemory", "0")

    assert "no room" in told
    assert_all_succeed(stage, "full", jobs)
