"""Redis goes away, freezes, fills up: a bot and two workers stay up, every job ends once and is paid once.

Measured: refused for 6 s and more, all is over 15 s after the first question; frozen for 12 s, 3 s after it goes on.
"""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.e2e.asker import until
from tests.e2e.faults.stage import Stage, open_stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("redis"), RECONCILE_SECONDS="1") as opened:
        second = opened.start_worker()
        yield opened
        opened.house.check()
        second.check()


def four_jobs(stage: Stage, prompt: str) -> list[str]:
    """Ask for four: as one person may run two at a time, two of them wait."""
    jobs = [stage.ask(f"{prompt} {number} [slow:2]") for number in range(4)]
    until(lambda: len(stage.calls(prompt)) == 2, "two calls in flight")
    return jobs


def all_end_well(stage: Stage, prompt: str, jobs: list[str]) -> None:
    for job in jobs:
        stage.picture_of(job)
    assert stage.billed(prompt) == len(jobs)
    stage.picture_of(stage.ask(f"after {prompt}"))


def test_a_restart_with_its_append_only_file_loses_nothing(stage: Stage) -> None:
    jobs = four_jobs(stage, "restarted")

    stage.server.stop()
    stage.server.start()

    all_end_well(stage, "restarted", jobs)


def test_connections_refused_for_a_while_are_waited_out_and_new_requests_queued_afterwards(stage: Stage) -> None:
    """The answers that come meanwhile are kept by the worker until Redis takes them."""
    jobs = four_jobs(stage, "refused")

    stage.server.stop()
    unheard = stage.ask("nobody hears", user="grace")
    told = stage.asked[unheard].private_words(unheard)
    time.sleep(6)
    stage.server.start()

    assert "need not ask again" in told
    all_end_well(stage, "refused", jobs)
    stage.picture_of(unheard)
    assert stage.billed("nobody hears") == 1


def test_a_frozen_server_is_waited_out(stage: Stage) -> None:
    """Frozen for longer than a command's deadline (10 s): what was sent to it is run when it goes on, unheard.
    Claims that nobody waits for are given back as if never made, and the leases of what ran are kept."""
    jobs = four_jobs(stage, "frozen")

    os.kill(stage.server.pid, signal.SIGSTOP)
    try:
        time.sleep(12)
    finally:
        os.kill(stage.server.pid, signal.SIGCONT)

    all_end_well(stage, "frozen", jobs)
    assert all(stage.counts(job) == {"calls": 1, "doubts": 0, "crashes": 0} for job in jobs)


def test_a_full_server_refuses_new_requests_in_words_and_what_runs_ends(stage: Stage) -> None:
    """What waits is not started while no ticket can be written, and is when there is room again."""
    jobs = four_jobs(stage, "full")

    stage.client.config_set("maxmemory", "1mb")
    try:
        asker = stage.asked[jobs[0]]
        told = asker.private_words(asker.ask("too much"))
        first = [job for job in jobs if stage.counts(job)["calls"]]
        for job in first:
            stage.picture_of(job)
    finally:
        stage.client.config_set("maxmemory", "0")

    assert "no room" in told
    all_end_well(stage, "full", jobs)
