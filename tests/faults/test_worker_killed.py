"""kill -9 of the worker at each moment of a job: the next worker ends it, once, and pays twice only for a call begun.

Measured with leases of 3 s on 2 cores: from the question to the picture 4 to 6 s, most of it the lease.
"""

from collections.abc import Iterator

import pytest

from demo.processes import Process
from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.redis_proxy import RedisProxy, Side
from tests.support.user import wait_until


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    with open_fault_stack(tmp_path_factory.mktemp("killed"), start=("bot",)) as opened:
        yield opened


@pytest.fixture(scope="module")
def gate(stage: FaultStack) -> Iterator[RedisProxy]:
    with RedisProxy(stage.server.port) as opened:
        yield opened


@pytest.fixture
def victim(stage: FaultStack, gate: RedisProxy) -> Process:
    """The one worker, which has made a picture: a script that Redis has not yet loaded would be sent twice."""
    running = [worker for worker in stage.workers if worker.is_running]
    if running:
        return running[-1]
    worker = stage.start_worker(gate.url)
    stage.assert_image_posted(stage.submit_imagine("a warm hearth"))
    return worker


@pytest.mark.parametrize(
    ("moment", "side", "name", "paid", "unknown_calls"),
    [
        ("after preparing and before storing it", "request", "promote", 1, 0),
        ("between claim and call", "request", "start_call", 1, 0),
        ("after recording the call and before making it", "reply", "start_call", 1, 1),
        ("after the answer and before finish", "request", "finish", 2, 1),
        ("after finish and before hearing of it", "reply", "finish", 1, 0),
    ],
)
def test_a_worker_that_is_killed_at_this_moment_loses_nothing(
    stage: FaultStack,
    gate: RedisProxy,
    victim: Process,
    moment: str,
    side: Side,
    name: str,
    paid: int,
    unknown_calls: int,
) -> None:
    """The gate holds one message of the worker's at the moment, exactly, and the worker is killed meanwhile."""
    gate.hold_script(side, name)
    job = stage.submit_imagine(moment)
    assert gate.held_event.wait(20), moment

    stage.kill_worker(victim)
    gate.release()
    stage.start_worker(gate.url)

    stage.assert_image_posted(job)
    assert stage.count_billed_calls(moment) == paid
    assert stage.read_job_counters(job)["unknown_calls"] == unknown_calls


def test_a_worker_that_is_killed_while_it_decodes_loses_nothing(stage: FaultStack, victim: Process) -> None:
    """The lease of the lane is seen from outside and the kill follows within some milliseconds: before, in or shortly
    after decoding, which takes about 0.1 s. Whichever it is, no call was begun, and one is paid."""
    job = stage.submit_imagine("while decoding")
    wait_until(lambda: stage.count_leases("prepare") or stage.count_leases(), "a lease", 10)

    stage.kill_worker(victim)
    stage.start_worker()

    stage.assert_image_posted(job)
    assert stage.count_billed_calls("while decoding") <= 1 + stage.read_job_counters(job)["unknown_calls"]


def test_a_worker_that_is_killed_during_the_call_repeats_it_once(stage: FaultStack, victim: Process) -> None:
    job = stage.submit_imagine("during the call [slow:2]")
    wait_until(lambda: stage.list_calls("during the call"), "a call in flight")

    stage.kill_worker(victim)
    stage.start_worker()

    stage.assert_image_posted(job)
    assert [entry["billed"] for entry in stage.list_calls("during the call")] == [True, True]
    assert stage.read_job_counters(job) == {"calls": 2, "unknown_calls": 1, "crashes": 0}
