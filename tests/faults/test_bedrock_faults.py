"""Bedrock throttles, sends slowly, retires a model or rejects credentials: jobs wait or fail with a message."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis

from demo.http_client import request_json
from demo.processes import ROOT
from shared.queue.keys import DEFAULT_KEYS
from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.user import DiscordUser, wait_until

SD, SDXL = "stability.sd3-5-large-v1:0", "stability.stable-diffusion-xl-v1"


@pytest.fixture(scope="module")
def fault_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    folder = tmp_path_factory.mktemp("bedrock")
    with open_fault_stack(folder, BEDROCK_CALL_SECONDS="6", MAX_PER_MINUTE_PER_USER="0") as opened:
        yield opened


@pytest.fixture(scope="module", autouse=True)
def expired_credential_jobs(fault_stack: FaultStack) -> list[str]:
    """Two jobs that meet expired credentials; submitted first, because they are retried after 30 s."""
    fault_stack.inject_bedrock_fault("expired-token", 2, "expired")
    return [fault_stack.submit_imagine(f"expired {user}", user) for user in ("ada", "margaret")]


def read_log(fault_stack: FaultStack) -> str:
    return fault_stack.stack.processes["worker"].log.read_text()


@contextmanager
def record_call_intervals(fault_stack: FaultStack) -> Iterator[list[int]]:
    """Record the pace: milliseconds between two calls of the model, as they change from one call to the next."""
    intervals, end = [0], threading.Event()

    def record() -> None:
        with redis.Redis.from_url(fault_stack.stack.redis_url) as client:
            while not end.wait(0.01):
                interval = int(client.hget(DEFAULT_KEYS.pace_key("sd3.5-large"), "interval_ms") or 0)
                if interval != intervals[-1]:
                    intervals.append(interval)

    recorder = threading.Thread(target=record)
    recorder.start()
    try:
        yield intervals
    finally:
        end.set()
        recorder.join()


def test_throttling_slows_the_pace_and_no_job_fails(fault_stack: FaultStack) -> None:
    """Measured: nine jobs of three users are throttled three times. The pace falls to one call per 0.5 to 2 s and rises
    with every success; all jobs are done within 6 to 12 s."""
    fault_stack.inject_bedrock_fault("throttle", 3, "storm")

    with record_call_intervals(fault_stack) as intervals:
        jobs = [fault_stack.submit_imagine(f"storm {n}", user) for user in ("ada", "grace", "linus") for n in range(3)]
        for job in jobs:
            fault_stack.assert_image_posted(job)

    assert fault_stack.count_billed_calls("storm") == len(jobs)
    assert len(fault_stack.list_calls("storm")) == len(jobs) + 3
    assert max(intervals) >= 500
    assert intervals[-1] < max(intervals)


def test_a_response_slower_than_the_deadline_fails_with_a_message_after_one_repeat(fault_stack: FaultStack) -> None:
    started = time.monotonic()

    told = fault_stack.wait_for_result_text(fault_stack.submit_imagine("dripping [drip:30]"))

    assert "No complete answer came within 6\u00a0s" in told
    assert time.monotonic() - started < 40
    assert len(fault_stack.list_calls("dripping")) == 2


def test_a_model_retired_while_jobs_run_is_switched_off_for_everyone(fault_stack: FaultStack) -> None:
    """Running jobs are delivered; waiting jobs fail with a message that names another model, unbilled."""
    running = [fault_stack.submit_imagine(f"last of {n} [slow:4]", command="sdxl") for n in range(2)]
    waiting = [fault_stack.submit_imagine(f"too late {n} [slow:1]", command="sdxl") for n in range(6)]
    wait_until(lambda: len(fault_stack.list_calls("last of")) == 2, "two calls, as many as a user may have at once")
    wait_until(
        lambda: all(fault_stack.client.exists(DEFAULT_KEYS.job_key(job)) for job in waiting), "six jobs accepted"
    )

    request_json("PUT", f"{fault_stack.stack.bedrock_url}/control/models/{SDXL}", {"status": "EOL"})

    told = [fault_stack.wait_for_result_text(job) for job in waiting]
    grace = DiscordUser(fault_stack.stack, "grace")
    refused = grace.wait_for_private_text(grace.submit_sdxl("now"))
    for job in running:
        fault_stack.assert_image_posted(job)
    late = [words for words in told if "no longer offers SDXL 1.0" in words]
    assert len(late) == len(waiting) - sum(c["billed"] for c in fault_stack.list_calls("too late"))
    assert late
    assert all("SD 3.5 Large" in words for words in [*late, refused])
    assert read_log(fault_stack).count("CRITICAL") == 1


def test_with_expired_credentials_jobs_wait_and_the_log_tells_operators_what_to_do(
    fault_stack: FaultStack, expired_credential_jobs: list[str]
) -> None:
    """Every attempt loads the credentials again, so renewed ones are found without a restart."""
    environment = fault_stack.stack.environment | {"AWS_SECRET_ACCESS_KEY": "expired", "PYTHONPATH": str(ROOT)}
    checked = subprocess.run(
        [sys.executable, "-m", "worker", "check"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 1
    assert "AWS rejects the credentials. Renew them" in checked.stdout
    assert "AWS refuses the credentials, and jobs wait for them. Renew them" in read_log(fault_stack)
    for job in expired_credential_jobs:
        fault_stack.assert_image_posted(job)
    assert [entry["billed"] for entry in fault_stack.list_calls("expired")] == [False, False, True, True]


@pytest.mark.parametrize("fault", ["hang", "internal"])
def test_a_bedrock_that_stalls_or_fails_is_paused_and_goes_on_by_itself(fault_stack: FaultStack, fault: str) -> None:
    """Measured: nine jobs make 7 calls while Bedrock never responds, and one each at most after that."""
    prompt = f"outage by {fault}"
    fault_stack.inject_bedrock_fault(fault, 1000, prompt)
    jobs = [fault_stack.submit_imagine(f"{prompt} {n}", user) for user in ("ada", "grace", "linus") for n in range(3)]
    wait_until(lambda: fault_stack.client.hget(DEFAULT_KEYS.pace_key("sd3.5-large"), "paused_until"), "a pause")

    def list_informed() -> list[str]:
        return [job for job in jobs if "isn't responding" in str(fault_stack.requesters[job].wait_for_status(job))]

    waiting = wait_until(list_informed, "a status message that says so")
    time.sleep(8)
    calls = len(fault_stack.list_calls(prompt))

    request_json("DELETE", f"{fault_stack.stack.bedrock_url}/control/faults")

    for job in waiting:
        fault_stack.wait_for_result(job)
    wait_until(lambda: not fault_stack.client.hexists(DEFAULT_KEYS.pace_key("sd3.5-large"), "paused_until"), "no pause")
    assert calls <= 14
    assert len(fault_stack.list_calls(prompt)) <= calls + len(jobs) + 1  # a call in flight when Bedrock responds again
    assert "is paused for 6 s" in read_log(fault_stack)
    assert "responds again" in read_log(fault_stack)
