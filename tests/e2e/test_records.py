"""An emptied Redis under the real processes: the records bring every request to its one ending."""

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from demo.first_picture import wait_until_ready
from demo.house import House, open_house
from demo.processes import Process
from demo.web import call
from shared.queue.names import job_key
from tests.e2e.asker import Asker, media_of, until


@pytest.fixture(scope="module")
def mending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house whose bot compares records and queue every second."""
    with open_house(
        tmp_path_factory.mktemp("mending") / "logs",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        settings={"LEASE_SECONDS": "3", "RECONCILE_SECONDS": "1"},
    ) as opened:
        wait_until_ready(opened)
        yield opened


@pytest.fixture
def ada(mending: House) -> Iterator[Asker]:
    call("DELETE", f"{mending.bedrock_url}/control/calls")
    yield Asker(mending)
    os.kill(mending.processes["worker"].pid, signal.SIGCONT)


def written(house: House, statement: str, job: str) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(house.environment["DATABASE_URL"].removeprefix("sqlite:///"), timeout=5)
    try:
        return database.execute(statement, (job,)).fetchall()
    finally:
        database.close()


def state(house: House, job: str) -> str | None:
    found = written(house, "SELECT state FROM jobs WHERE id = ?", job)
    return str(found[0][0]) if found else None


def attempts(house: House, job: str) -> list[tuple[int, int, int]]:
    return written(house, "SELECT queueing, calls, doubts FROM attempts WHERE job_id = ? ORDER BY queueing", job)


def forget(house: House) -> None:
    with redis.Redis.from_url(house.redis_url) as client:
        client.flushall()


def one_picture(ada: Asker, job: str) -> None:
    """The picture arrives, its record is closed, and nothing more is said in two rounds of reconciling."""
    answer = ada.answer(job)
    assert len(media_of(answer)) == 1
    until(lambda: state(ada.house, job) == "delivered", "the closed record")
    time.sleep(2.2)
    assert [message["id"] for message in ada.messages(ada.status(job)["thread"]["id"])] == [answer["id"]]


def test_a_request_that_redis_forgot_before_a_worker_took_it_is_painted_once(mending: House, ada: Asker) -> None:
    os.kill(mending.processes["worker"].pid, signal.SIGSTOP)
    job = ada.ask("a castle in fog", seed=77)
    until(lambda: state(mending, job) == "queued", "the request in the records")

    forget(mending)
    until(lambda: len(attempts(mending, job)) == 2, "the request queued again")
    os.kill(mending.processes["worker"].pid, signal.SIGCONT)

    one_picture(ada, job)
    assert [paid["seed"] for paid in call("GET", f"{mending.bedrock_url}/control/calls")] == [77]


def test_a_call_that_redis_forgot_is_repeated_once_and_answered_once(mending: House, ada: Asker) -> None:
    job = ada.ask("a castle [slow:4]")
    with redis.Redis.from_url(mending.redis_url) as client:
        until(lambda: client.hget(job_key(job), "begun") == b"1" and client.hget(job_key(job), "calls") == b"1", "call")

    forget(mending)

    one_picture(ada, job)
    assert len(call("GET", f"{mending.bedrock_url}/control/calls")) <= 2
    assert [(queueing, doubts) for queueing, _, doubts in attempts(mending, job)] == [(1, 0), (2, 1)]


def test_a_request_forgotten_while_the_bot_was_dead_is_answered_once_by_the_next(mending: House, ada: Asker) -> None:
    os.kill(mending.processes["worker"].pid, signal.SIGSTOP)
    job = ada.ask("a lighthouse")
    until(lambda: state(mending, job) == "queued", "the request in the records")
    bot = mending.processes["bot"]
    os.kill(bot.pid, signal.SIGKILL)
    bot.stop()
    forget(mending)
    os.kill(mending.processes["worker"].pid, signal.SIGCONT)

    again = Process("bot", ("-m", "bot"), bot.log.parent, mending.environment)
    try:
        one_picture(ada, job)
    finally:
        again.stop()
