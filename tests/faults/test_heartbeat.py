"""The bot's heartbeat and /readyz fail with each thing that it cannot work without: real processes each."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.monitoring import fetch_page, find_monitoring_url, list_failing_checks
from tests.support.user import wait_until

SECONDS_WITHOUT_BEAT = 3.0
CONSTANTS = {
    "bot.health.HEARTBEAT_INTERVAL_SECONDS": 0.5,
    "bot.health.PROBE_TIMEOUT_SECONDS": 1.0,
    "bot.queue.leader_lock.ANSWER_TIMEOUT_SECONDS": 3.0,
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    """A stack without a worker, whose bot beats every half second."""
    folder = tmp_path_factory.mktemp("heartbeat")
    settings = {"HEARTBEAT_FILE": str(folder / "alive"), "HTTP_ADDRESS": "127.0.0.1:0"}
    with open_fault_stack(folder, start=("bot",), constants=CONSTANTS, **settings) as opened:
        yield opened


@contextmanager
def freeze_redis(stage: FaultStack) -> Iterator[None]:
    os.kill(stage.server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(stage.server.pid, signal.SIGCONT)


@contextmanager
def lock_records(stage: FaultStack) -> Iterator[None]:
    file = stage.stack.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@pytest.mark.parametrize(
    ("break_service", "name", "check"),
    [(freeze_redis, "Redis", "redis"), (lock_records, "the database", "database")],
    ids=["Redis", "database"],
)
def test_the_heartbeat_stops_and_goes_on(
    stage: FaultStack, break_service: Callable[[FaultStack], AbstractContextManager[None]], name: str, check: str
) -> None:
    url = find_monitoring_url(stage.stack.processes["bot"])
    file, log = Path(stage.stack.environment["HEARTBEAT_FILE"]), stage.stack.processes["bot"].log
    wait_until(file.exists, "a heartbeat")
    read_before = len(log.read_text())

    def list_heartbeat_lines() -> list[str]:
        return [line for line in log.read_text()[read_before:].splitlines() if "the heartbeat" in line]

    wait_until(lambda: list_failing_checks(url) == ["workers"], "nothing that fails but for the worker that is missing")
    with break_service(stage):
        wait_until(
            lambda: any("stops until these work again" in line and name in line for line in list_heartbeat_lines()),
            "a line that it stops",
        )
        last_beat = file.stat().st_mtime
        assert check in list_failing_checks(url)
        assert fetch_page(f"{url}/healthz")[0] == 200, "a restart of the bot would mend nothing"
        status, metrics = fetch_page(f"{url}/metrics")
        assert status == 200
        assert f'pentimento_ready{{check="{check}",component="bot"}} 0.0' in metrics
        assert ("pentimento_redis_up 0.0" in metrics) is (check == "redis")
        time.sleep(SECONDS_WITHOUT_BEAT)
        assert file.stat().st_mtime == last_beat
    wait_until(lambda: file.stat().st_mtime > last_beat, "a heartbeat that goes on")
    # the file is touched before the line is written
    wait_until(lambda: "goes on" in list_heartbeat_lines()[-1], "a line that it goes on")
