"""The bot's heartbeat stops with each thing that it cannot work without, and goes on with it: real processes each."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.user import wait_until

FRESH_SECONDS = 9
STALE_SECONDS = 16
PATIENCE_SECONDS = 60


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


def list_heartbeat_lines(log: Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if "the heartbeat" in line]


@pytest.mark.parametrize(
    ("break_service", "name"), [(freeze_redis, "Redis"), (lock_records, "the database")], ids=["Redis", "database"]
)
def test_the_heartbeat_stops_and_goes_on(
    break_service: Callable[[FaultStack], AbstractContextManager[None]], name: str, tmp_path: Path
) -> None:
    file = tmp_path / "alive"

    def measure_age() -> float:
        return time.time() - file.stat().st_mtime if file.exists() else 1e9

    with open_fault_stack(tmp_path, start=("bot",), HEARTBEAT_FILE=str(file)) as stage:
        log = stage.stack.processes["bot"].log
        wait_until(lambda: measure_age() < FRESH_SECONDS, "a heartbeat", PATIENCE_SECONDS)
        with break_service(stage):
            wait_until(lambda: measure_age() > STALE_SECONDS, "a heartbeat that stops", PATIENCE_SECONDS)
        wait_until(lambda: measure_age() < FRESH_SECONDS, "a heartbeat that goes on", PATIENCE_SECONDS)

        # the file is touched before the line is written
        wait_until(
            lambda: "goes on" in "".join(list_heartbeat_lines(log)[-1:]),
            "a line in the log that it goes on",
            PATIENCE_SECONDS,
        )
        assert any("stops until these work again" in line and name in line for line in list_heartbeat_lines(log))
