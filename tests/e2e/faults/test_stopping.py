"""SIGTERM under load: what runs ends, what waits stays, and workers take over from each other at no cost."""

import time
from collections.abc import Iterator

import pytest

from tests.e2e.asker import until
from tests.e2e.faults.stage import Stage, open_stage

USERS = ("ada", "grace", "linus")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("stopping"), start=("bot",)) as opened:
        yield opened


def test_a_worker_that_is_stopped_ends_what_runs_and_leaves_what_waits(stage: Stage) -> None:
    """Measured: the process ends within 3 s where a call takes 2 s longer, with exit code 0."""
    worker = stage.start_worker()
    jobs = [stage.ask(f"draining {n} [slow:2]", user) for n in range(3) for user in USERS]
    until(lambda: len(stage.calls("draining")) >= 6, "six calls in flight")

    started = time.monotonic()
    code = worker.stop()

    assert code == 0
    assert time.monotonic() - started < 10
    assert stage.running() == 0
    paid = stage.billed("draining")
    assert all(entry["delivered"] for entry in stage.calls("draining"))
    assert paid < len(jobs), "what waited was not started"

    stage.start_worker()
    for job in jobs:
        stage.picture_of(job)
    assert stage.billed("draining") == len(jobs)
    assert all(stage.counts(job) == {"calls": 1, "doubts": 0, "crashes": 0} for job in jobs)


def test_a_rolling_restart_of_two_workers_loses_nothing_and_pays_once(stage: Stage) -> None:
    old = [stage.start_worker() for _ in range(2 - sum(worker.running for worker in stage.workers))]
    old = [worker for worker in stage.workers if worker.running]
    assert len(old) == 2
    jobs = [stage.ask(f"rolling {n} [slow:1]", user) for n in range(4) for user in USERS]

    for worker in old:
        until(lambda: stage.running() > 0, "calls in flight")
        assert worker.stop() == 0
        stage.start_worker()

    for job in jobs:
        stage.picture_of(job)
    assert stage.billed("rolling") == len(jobs)
