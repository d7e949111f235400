"""SIGTERM under load: running jobs finish, waiting jobs stay queued, and handovers between workers cost nothing."""

import time
from collections.abc import Iterator

import pytest

from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.user import wait_until

USERS = ("ada", "grace", "linus")


@pytest.fixture(scope="module")
def fault_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    folder = tmp_path_factory.mktemp("stopping")
    # nothing here waits for a deadline or for a lease that expires
    with open_fault_stack(folder, start=("bot",), BEDROCK_CALL_SECONDS="20", LEASE_SECONDS="20") as opened:
        yield opened


def test_a_stopped_worker_finishes_running_jobs_and_leaves_waiting_ones(fault_stack: FaultStack) -> None:
    """Measured: the process exits with code 0 within 3 s, if a call takes another 2 s."""
    worker = fault_stack.start_worker()
    jobs = [fault_stack.submit_imagine(f"draining {n} [slow:2]", user) for n in range(3) for user in USERS]
    wait_until(lambda: len(fault_stack.list_calls("draining")) >= 6, "six calls in flight")

    started = time.monotonic()
    code = worker.stop()

    assert code == 0
    assert time.monotonic() - started < 10
    assert fault_stack.count_leases() == 0
    paid = fault_stack.count_billed_calls("draining")
    assert all(entry["delivered"] for entry in fault_stack.list_calls("draining"))
    assert paid < len(jobs), "waiting jobs were not started"

    fault_stack.start_worker()
    for job in jobs:
        fault_stack.assert_image_posted(job)
    assert fault_stack.count_billed_calls("draining") == len(jobs)
    assert all(fault_stack.read_job_counters(job) == {"calls": 1, "unknown_calls": 0, "crashes": 0} for job in jobs)


def test_a_rolling_restart_of_two_workers_loses_nothing_and_bills_once(fault_stack: FaultStack) -> None:
    old = [fault_stack.start_worker() for _ in range(2 - sum(worker.is_running for worker in fault_stack.workers))]
    old = [worker for worker in fault_stack.workers if worker.is_running]
    assert len(old) == 2
    jobs = [fault_stack.submit_imagine(f"rolling {n} [slow:1]", user) for n in range(4) for user in USERS]

    for worker in old:
        wait_until(lambda: fault_stack.count_leases() > 0, "calls in flight")
        assert worker.stop() == 0
        fault_stack.start_worker()

    for job in jobs:
        fault_stack.assert_image_posted(job)
    assert fault_stack.count_billed_calls("rolling") == len(jobs)
