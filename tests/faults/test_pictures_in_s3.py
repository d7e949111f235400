"""With pictures in S3: a request from command to message, an S3 that is away at each moment, and a killed worker.

Measured on 2 idle cores: 10 s, half of it the stack.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from shared.queue.keys import DEFAULT_KEYS
from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.process_logs import wait_for_log
from tests.support.s3_store import S3Store, run_s3_store
from tests.support.user import wait_until

KINDS = ("upload", "prepared", "result", "dead_letter_picture")


@pytest.fixture(scope="module")
def store() -> Iterator[S3Store]:
    with run_s3_store() as opened:
        yield opened


@pytest.fixture(scope="module")
def fault_stack(tmp_path_factory: pytest.TempPathFactory, store: S3Store) -> Iterator[FaultStack]:
    constants = {"bot.queue.pictures.DELETION_DELAY_SECONDS": 0.1}
    settings: dict[str, Any] = store.settings
    with open_fault_stack(tmp_path_factory.mktemp("s3"), constants=constants, **settings) as opened:
        yield opened


@contextlib.contextmanager
def take_away(store: S3Store) -> Iterator[None]:
    store.is_down = True
    try:
        yield
    finally:
        store.come_back()


def list_stored_kinds(store: S3Store) -> set[str]:
    return {path.rpartition("/")[2].partition("-")[0] for method, path in store.requests if method == "PUT"}


def assert_no_picture_in_redis(fault_stack: FaultStack) -> None:
    for kind in KINDS:
        names = list(fault_stack.client.scan_iter(f"{DEFAULT_KEYS.prefix}{kind}:*"))
        assert {fault_stack.client.type(name) for name in names} <= {b"string"}, names


def test_a_request_goes_through_s3_and_leaves_nothing_there(fault_stack: FaultStack, store: S3Store) -> None:
    job = fault_stack.submit_imagine("through the bucket [slow:0.5]")
    wait_until(lambda: fault_stack.list_calls("through the bucket"), "a call")
    assert_no_picture_in_redis(fault_stack)

    fault_stack.assert_image_posted(job)

    assert list_stored_kinds(store) == {"upload", "prepared", "result"}
    wait_until(lambda: not store.list_keys(), "an empty bucket")


def test_a_request_is_refused_without_a_charge_while_s3_is_away(fault_stack: FaultStack, store: S3Store) -> None:
    with take_away(store):
        refused = fault_stack.submit_imagine("refused by the bucket")
        text = fault_stack.requesters.pop(refused).wait_for_private_text(refused)

    assert "The queue takes nothing from me right now" in text
    assert fault_stack.list_calls("refused by the bucket") == []


def test_a_paid_picture_waits_for_s3_and_a_killed_worker_leaves_it_to_the_next(
    fault_stack: FaultStack, store: S3Store
) -> None:
    """The first call's picture is lost with its worker, the call of unknown fate is repeated, once."""
    job = fault_stack.submit_imagine("kept from the bucket [slow:0.5]")
    wait_until(lambda: fault_stack.list_calls("kept from the bucket"), "a call")
    worker = fault_stack.stack.processes["worker"]
    with take_away(store):
        wait_for_log(worker, "its result is not stored yet")
        fault_stack.kill_worker(worker)
        fault_stack.stack.processes["worker"] = fault_stack.start_worker()

    fault_stack.assert_image_posted(job)
    assert fault_stack.count_billed_calls("kept from the bucket") == 2
    assert fault_stack.read_job_counters(job)["unknown_calls"] == 1
    wait_until(lambda: not store.list_keys(), "an empty bucket")
