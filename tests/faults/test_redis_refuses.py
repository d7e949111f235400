"""Redis answers and refuses: as a replica, with a full disk, without rights. Bot and worker wait, and say so.

Celery's consumer takes each of these replies for fatal, and used to end the worker with exit code 0.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.first_picture import wait_until_ready
from demo.processes import Process
from shared.queue.keys import DEFAULT_KEYS
from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.process_logs import wait_for_log
from tests.support.redis_refusals import REDIS_TROUBLES
from tests.support.user import wait_until

MAX_LINES_A_SECOND = 4
UNREADABLE = ("MASTERDOWN", "BUSY", "LOADING")
"""In these cases Redis refuses to read, too; the bot connects to Discord when it can be read."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    folder = tmp_path_factory.mktemp("refusals")
    with open_fault_stack(
        folder, RECONCILE_INTERVAL_SECONDS="1", MAX_PER_MINUTE_PER_USER="0", BEDROCK_CALL_SECONDS="20"
    ) as opened:
        try:
            yield opened
            opened.stack.check_running()
        finally:
            for name in ("bot", "worker"):  # those that were started again are nobody else's to stop
                opened.stack.processes[name].stop()


@pytest.mark.parametrize("code", REDIS_TROUBLES)
def test_bot_and_worker_wait_for_a_redis_that_refuses_and_go_on(stage: FaultStack, code: str) -> None:
    jobs = [stage.submit_imagine(f"{code} {number} [slow:2]") for number in range(4)]
    wait_until(lambda: stage.client.exists(*map(DEFAULT_KEYS.job_key, jobs)) == len(jobs), "four jobs accepted")
    wait_until(lambda: len(stage.list_calls(f"{code} ")) >= 2, "two calls in flight")
    logs = {name: process.log for name, process in stage.stack.processes.items() if name in {"bot", "worker"}}
    read_before = {name: len(log.read_text()) for name, log in logs.items()}

    started = time.monotonic()
    with REDIS_TROUBLES[code](stage.server, stage.client):
        time.sleep(2.5)  # the calls end meanwhile
        if code != "OOM":  # at which scripts write all the same
            for name, log in logs.items():
                wait_for_text(log, read_before[name], f"({code})")
    for job in jobs:
        stage.assert_image_posted(job)
    seconds = time.monotonic() - started

    assert stage.count_billed_calls(f"{code} ") == len(jobs)
    for name, log in logs.items():
        recovered = "" if code == "OOM" else "again, after"
        text = wait_for_text(log, read_before[name], recovered)
        assert "Traceback" not in text, text
        assert len(text.splitlines()) < MAX_LINES_A_SECOND * seconds, text


def wait_for_text(log: Path, start: int, text: str) -> str:
    """Wait until a log has this text, and return all that it has from `start` on."""
    wait_until(lambda: text in log.read_text()[start:], f"{text} in {log.name}")
    return log.read_text()[start:]


def stop_process(stage: FaultStack, name: str) -> None:
    assert stage.stack.processes[name].stop() == 0


def start_process(stage: FaultStack, name: str) -> None:
    """Start a half again, in a process with a log of its own."""
    before = stage.stack.processes[name]
    started = Process(f"{before.name}+", ("-m", name), before.log.parent, stage.stack.environment)
    stage.stack.processes[name] = started


@pytest.fixture
def restarted(stage: FaultStack) -> Iterator[FaultStack]:
    """Let a test stop and start the two halves; both run and are ready in the end."""
    yield stage
    for name in ("bot", "worker"):
        if not stage.stack.processes[name].is_running:
            start_process(stage, name)
    wait_for_log(stage.stack.processes["worker"], "worker ready")
    wait_until_ready(stage.stack)


@pytest.mark.parametrize("code", [code for code in REDIS_TROUBLES if code != "OOM"])
def test_bot_and_worker_start_while_redis_refuses_and_serve_when_it_has_recovered(
    restarted: FaultStack, code: str
) -> None:
    for name in ("bot", "worker"):
        stop_process(restarted, name)

    with REDIS_TROUBLES[code](restarted.server, restarted.client):
        for name in ("worker", "bot"):
            start_process(restarted, name)
        if code not in UNREADABLE:
            wait_until_ready(restarted.stack)
        for name in ("worker", "bot"):
            wait_for_log(restarted.stack.processes[name], code)
    wait_until_ready(restarted.stack)
    restarted.assert_image_posted(restarted.submit_imagine(f"after a start without {code}"))

    for name in ("worker", "bot"):
        assert "Traceback" not in restarted.stack.processes[name].log.read_text()


def test_a_full_redis_is_emptied_by_a_worker_and_a_bot_that_start_on_it(restarted: FaultStack) -> None:
    """More waits than fits, so that only its end makes room. Nobody raises the limit meanwhile."""
    stop_process(restarted, "worker")
    jobs = [restarted.submit_imagine(f"waits {number}", user) for number in range(4) for user in ("ada", "grace")]
    wait_until(lambda: restarted.client.exists(*map(DEFAULT_KEYS.upload_key, jobs)) == len(jobs), "uploads in Redis")
    stop_process(restarted, "bot")

    used = int(restarted.client.info("memory")["used_memory"])
    restarted.client.config_set("maxmemory", str(used // 2))
    try:
        for name in ("worker", "bot"):
            start_process(restarted, name)
        for job in jobs:
            restarted.assert_image_posted(job)
    finally:
        restarted.client.config_set("maxmemory", "0")
    assert restarted.count_billed_calls("waits ") == len(jobs)
