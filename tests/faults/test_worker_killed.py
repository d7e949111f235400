"""kill -9 of the worker at each moment of a job: the next worker finishes it once; only a started call is billed twice.

Measured with leases of 3 s on 2 cores: 4 to 6 s from request to result, most of it the lease.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from demo.http_client import request_json
from demo.processes import Process
from tests.support.edits import MODEL, assert_erased_once, list_erase_calls, start_erasing
from tests.support.fault_stack import USERS, FaultStack, open_fault_stack
from tests.support.records import query_records
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


FIRST, SECOND = "111111111111", "222222222222"
SD35 = "stability.sd3-5-large-v1:0"


def list_account_calls(fault_stack: FaultStack) -> list[dict[str, Any]]:
    return fault_stack.list_calls("in two accounts")


def count_ledger_calls(fault_stack: FaultStack) -> Counter[str]:
    """Count the calls that the ledger has for each role's account; it names one account, or that of each call."""
    query = "SELECT accounts, calls FROM ledger_entries WHERE accounts IS NOT NULL"
    counts: Counter[str] = Counter()
    for accounts, calls in query_records(fault_stack.stack, query):
        names = accounts.split()
        counts.update(names if len(names) > 1 else names * calls)
    return counts


def test_of_two_accounts_one_throttles_and_one_refuses_and_a_worker_is_killed_but_each_call_is_in_the_ledger(
    fault_stack: FaultStack,
) -> None:
    """Both calls that are cut off were made in the second account, all results come from the first."""
    for worker in fault_stack.workers:
        worker.stop()
    stack, accounts = fault_stack.stack, ",".join(f"arn:aws:iam::{account}:role/painter" for account in (FIRST, SECOND))
    throttle = {"fault": "throttle", "times": 2, "match": {"account": FIRST}}
    request_json("POST", f"{stack.bedrock_url}/control/faults", throttle)
    jobs = [
        fault_stack.submit_imagine(f"{number} in two accounts [slow:0.8]", user)
        for number, user in enumerate(("ada", "ada", *USERS[:2]))
    ]
    doomed = fault_stack.start_worker(BEDROCK_ACCOUNTS=accounts)
    wait_until(lambda: sum(call["in_flight"] for call in list_account_calls(fault_stack)) == 2, "two calls in flight")
    wait_until(lambda: len(list_account_calls(fault_stack)) == 4, "two calls that are throttled")
    fault_stack.kill_worker(doomed)
    forbidden = {"status": "forbidden", "account": SECOND}
    request_json("PUT", f"{stack.bedrock_url}/control/models/{SD35}", forbidden)
    worker = fault_stack.start_worker(BEDROCK_ACCOUNTS=accounts)

    for job in jobs:
        fault_stack.assert_image_posted(job)

    billed = Counter(call["account"] for call in list_account_calls(fault_stack) if call["billed"])
    assert billed == {FIRST: 4, SECOND: 2}
    wait_until(lambda: count_ledger_calls(fault_stack) == billed, "a ledger that agrees with the bill of each account")
    unknown = [fault_stack.read_job_counters(job)["unknown_calls"] for job in jobs]
    assert sorted(unknown) == [0, 0, 1, 1]
    assert f"disabled for 3600 s in account {SECOND}, and called in others" in worker.log.read_text()
