"""The end of a worker: what may end it, in which way, and with which exit code. A real worker on a real Redis."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from bot.queue.celery_tickets import CeleryTicketWriter
from demo.processes import Process, build_clean_environment
from demo.redis import RedisServer
from shared.queue.celery_config import CELERY_CONFIG
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.process_logs import wait_for_log
from tests.support.user import wait_until

RUN = "import runpy; runpy.run_module('worker', run_name='__main__')"
UNDER_NOHUP = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); {RUN}"
WITH_A_BROKEN_CONSUMER = f"from celery.worker.consumer import Consumer; Consumer.connect = lambda _: 1 / 0; {RUN}"

WITH_A_HANGING_CONSUMER = f"""
import time
from celery.signals import worker_ready
from kombu.asynchronous import get_event_loop
from worker.queue import consumer_watch
consumer_watch.MAX_SILENT_ROUNDS = 3
worker_ready.connect(lambda **_: get_event_loop().call_later(2, time.sleep, 1000), weak=False)
{RUN}
"""


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as opened:
        yield opened


def start_worker(folder: Path, redis_url: str, *arguments: str, **settings: str) -> Process:
    environment = build_clean_environment() | {"REDIS_URL": redis_url, "AWS_EC2_METADATA_DISABLED": "true"} | settings
    return Process("worker", arguments or ("-m", "worker"), folder, environment)


@pytest.fixture
def worker(tmp_path: Path, redis_url: str) -> Iterator[Process]:
    process = start_worker(tmp_path, redis_url)
    wait_for_log(process, "worker ready")
    yield process
    process.stop()


def wait_for_exit(process: Process) -> int:
    wait_until(lambda: not process.is_running, "the end of the worker")
    return process.stop()


def build_malformed_tickets() -> list[bytes]:
    ticket = CeleryTicketWriter().write_ticket(Stage.GENERATE)

    def change(*path: str, value: Any) -> bytes:
        message = json.loads(ticket)
        inner = message
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = value
        return json.dumps(message).encode()

    wrong_values: tuple[Any, ...] = (None, 7, [], "x")
    changed = [change(name, value=value) for name in json.loads(ticket) for value in wrong_values]
    changed += [
        change("headers", "task", value="worker.tasks.unknown"),
        change("headers", "task", value="celery.backend_cleanup"),
        change("headers", "task", value=[]),
        change("headers", "id", value=None),
        change("headers", "eta", value="2099-01-01T00:00:00"),
        change("properties", "delivery_tag", value=None),
        change("properties", "delivery_info", value=7),
        change("properties", "body_encoding", value="x"),
        change("body", value="W1sxXSwge30sIHt9XQ=="),  # [[1], {}, {}]
    ]
    shapeless = [b"garbage", b"", b"{}", b"[]", b"5", b"null", b'"x"', b"\xff\xfe", b"[" * 50_000, b"x" * 5_000_000]
    return shapeless + changed


def test_lines_that_are_no_tickets_are_set_aside_and_the_worker_goes_on(client: redis.Redis, worker: Process) -> None:
    lines = build_malformed_tickets()

    client.lpush(DEFAULT_KEYS.ticket_list_key(Stage.GENERATE), *lines)
    wait_until(lambda: client.llen(DEFAULT_KEYS.malformed_tickets) == len(lines), "all lines set aside")
    client.lpush(DEFAULT_KEYS.ticket_list_key(Stage.GENERATE), CeleryTicketWriter().write_ticket(Stage.GENERATE))
    wait_until(lambda: client.llen(DEFAULT_KEYS.ticket_list_key(Stage.GENERATE)) == 0, "a ticket that is taken")

    kept: Any = client.lrange(DEFAULT_KEYS.malformed_tickets, 0, -1)
    assert sorted(kept) == sorted(line[:4096] for line in lines)
    assert 0 < client.ttl(DEFAULT_KEYS.malformed_tickets) <= 7 * 86400
    log = worker.log.read_text()
    assert log.count("is no ticket") == len(lines)
    assert not [level for level in ("CRITICAL", "Traceback") if level in log]
    assert worker.stop() == 0


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_the_worker_in_order(worker: Process, signal_number: signal.Signals) -> None:
    os.kill(worker.pid, signal_number)

    assert wait_for_exit(worker) == 0
    log = worker.log.read_text()
    assert "no more jobs are claimed" in log
    assert not [word for word in ("CRITICAL", "Traceback", "Restarting", "ImportError") if word in log]


def test_sighup_stops_the_worker_in_order_under_nohup(tmp_path: Path, redis_url: str) -> None:
    process = start_worker(tmp_path, redis_url, "-c", UNDER_NOHUP)
    wait_for_log(process, "worker ready")

    os.kill(process.pid, signal.SIGHUP)

    assert wait_for_exit(process) == 0
    assert "no more jobs are claimed" in process.log.read_text()


def test_sighup_stops_the_worker_in_order_while_redis_is_away(tmp_path: Path) -> None:
    process = start_worker(tmp_path, "redis://127.0.0.1:1/0")
    wait_for_log(process, "the worker waits for Redis to start")

    os.kill(process.pid, signal.SIGHUP)

    assert wait_for_exit(process) == 0


def test_a_worker_that_ends_by_itself_says_so_and_exits_with_1(tmp_path: Path, redis_url: str) -> None:
    process = start_worker(tmp_path, redis_url, "-c", WITH_A_BROKEN_CONSUMER)

    assert wait_for_exit(process) == 1
    assert "the worker has ended by itself" in process.log.read_text()


def test_the_heartbeat_stops_with_a_consumer_that_hangs_while_leases_are_renewed(
    tmp_path: Path, redis_url: str, client: redis.Redis
) -> None:
    file = tmp_path / "alive"
    process = start_worker(tmp_path, redis_url, "-c", WITH_A_HANGING_CONSUMER, HEARTBEAT_FILE=str(file))
    wait_until(file.exists, "a heartbeat")

    wait_for_log(process, "Celery's consumer hangs")
    last_beat, last_sweep = file.stat().st_mtime, client.hget("pentimento:sweep", "last_at")
    wait_until(lambda: client.hget("pentimento:sweep", "last_at") != last_sweep, "another sweep")

    assert file.stat().st_mtime == last_beat
    os.kill(process.pid, signal.SIGKILL)
    wait_for_exit(process)


def test_celerys_remote_control_is_off(client: redis.Redis, redis_server: RedisServer, worker: Process) -> None:
    app = Celery("remote", broker=redis_server.url, set_as_current=False)
    app.conf.update(CELERY_CONFIG)

    assert client.pubsub_channels() == []
    assert client.pubsub_numpat() == 0
    assert not app.control.ping(timeout=1)
    app.control.shutdown()
    assert worker.is_running
    app.close()
