"""kill -9 of the worker at each moment of a job: the next worker finishes it once; only a started call is billed twice.

Measured with leases of 3 s on 2 cores: 4 to 6 s from request to result, most of it the lease.
"""

from collections.abc import Iterator

import pytest

from demo.http_client import request_json
from demo.processes import Process
from tests.support.edits import MODEL, assert_erased_once, list_erase_calls, start_erasing
from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.redis_proxy import RedisProxy, Side
from tests.support.user import DiscordUser, wait_until


@pytest.fixture(scope="module")
def fault_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    with open_fault_stack(tmp_path_factory.mktemp("killed"), start=("bot",)) as opened:
        yield opened


@pytest.fixture(scope="module")
def redis_proxy(fault_stack: FaultStack) -> Iterator[RedisProxy]:
    with RedisProxy(fault_stack.server.port) as opened:
        yield opened


@pytest.fixture
def doomed_worker(fault_stack: FaultStack, redis_proxy: RedisProxy) -> Process:
    """The only worker; it has finished a job, as a script that Redis has not loaded yet would be sent twice."""
    running = [worker for worker in fault_stack.workers if worker.is_running]
    if running:
        return running[-1]
    worker = fault_stack.start_worker(redis_proxy.url)
    fault_stack.assert_image_posted(fault_stack.submit_imagine("a warm hearth"))
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
    fault_stack: FaultStack,
    redis_proxy: RedisProxy,
    doomed_worker: Process,
    moment: str,
    side: Side,
    name: str,
    paid: int,
    unknown_calls: int,
) -> None:
    """The proxy holds back one request or reply of the worker at this moment, and the worker is killed meanwhile."""
    redis_proxy.hold_script(side, name)
    job = fault_stack.submit_imagine(moment)
    assert redis_proxy.held_event.wait(20), moment

    fault_stack.kill_worker(doomed_worker)
    redis_proxy.release()
    fault_stack.start_worker(redis_proxy.url)

    fault_stack.assert_image_posted(job)
    assert fault_stack.count_billed_calls(moment) == paid
    assert fault_stack.read_job_counters(job)["unknown_calls"] == unknown_calls


def test_a_worker_that_is_killed_while_it_decodes_loses_nothing(
    fault_stack: FaultStack, redis_proxy: RedisProxy, doomed_worker: Process
) -> None:
    """The test sees the stage's lease and kills the worker within milliseconds: before, during or shortly after
    decoding, which takes about 0.1 s. In each case the call has not started, and one call is billed."""
    job = fault_stack.submit_imagine("while decoding")
    wait_until(lambda: fault_stack.count_leases("prepare") or fault_stack.count_leases(), "a lease", 10)

    fault_stack.kill_worker(doomed_worker)
    fault_stack.start_worker(redis_proxy.url)

    fault_stack.assert_image_posted(job)
    assert fault_stack.count_billed_calls("while decoding") <= 1 + fault_stack.read_job_counters(job)["unknown_calls"]


def test_a_worker_that_is_killed_during_the_call_repeats_it_once(
    fault_stack: FaultStack, redis_proxy: RedisProxy, doomed_worker: Process
) -> None:
    job = fault_stack.submit_imagine("during the call [slow:2]")
    wait_until(lambda: fault_stack.list_calls("during the call"), "a call in flight")

    fault_stack.kill_worker(doomed_worker)
    fault_stack.start_worker(redis_proxy.url)

    fault_stack.assert_image_posted(job)
    assert [entry["billed"] for entry in fault_stack.list_calls("during the call")] == [True, True]
    assert fault_stack.read_job_counters(job) == {"calls": 2, "unknown_calls": 1, "crashes": 0}


def test_an_edit_whose_worker_is_killed_as_it_prepares_and_during_the_call_is_posted_once_with_its_mask(
    fault_stack: FaultStack, redis_proxy: RedisProxy, doomed_worker: Process
) -> None:
    stack = fault_stack.stack
    fault = {"fault": "slow:1", "times": 1, "match": {"model": MODEL.id}}
    request_json("POST", f"{stack.bedrock_url}/control/faults", fault)
    redis_proxy.hold_script("request", "promote")
    job = start_erasing(DiscordUser(stack))
    assert redis_proxy.held_event.wait(20)
    fault_stack.kill_worker(doomed_worker)
    redis_proxy.release()
    second = fault_stack.start_worker(redis_proxy.url)
    wait_until(lambda: list_erase_calls(stack), "a call in flight")
    fault_stack.kill_worker(second)
    fault_stack.start_worker(redis_proxy.url)

    assert_erased_once(stack, job, billed=2)
    assert fault_stack.read_job_counters(job)["unknown_calls"] == 1
