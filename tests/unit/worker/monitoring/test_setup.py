"""The worker's HTTP endpoints: none without an address, words about one that is taken."""

import logging
import socket

import pytest

from tests.support.monitoring import fetch_page
from worker.health import WorkerHealth
from worker.monitoring.setup import Monitoring
from worker.queue.connection import connect_to_redis
from worker.queue.consumer_watch import ConsumerWatch


def create_monitoring(address: str) -> Monitoring:
    return Monitoring(address, WorkerHealth(lambda: False), ConsumerWatch(3), 3)


def test_without_an_address_nothing_listens_and_nothing_is_counted() -> None:
    monitoring, client = create_monitoring(""), connect_to_redis("redis://127.0.0.1:1/0")
    connection_class = client.connection_pool.connection_class
    monitoring.start()

    assert monitoring.record_redis(client).connection_pool.connection_class is connection_class
    monitoring.close()


def test_an_address_that_is_taken_ends_the_worker_with_words(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as ended:
            create_monitoring(f"127.0.0.1:{port}").start()

    assert ended.value.code == 1
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]
    assert "HTTP_ADDRESS cannot be used" in caplog.text

    monitoring = create_monitoring(f"127.0.0.1:{port}")
    monitoring.start()
    status, text = fetch_page(f"http://127.0.0.1:{port}/metrics")
    monitoring.close()
    assert (status, "pentimento_worker_concurrency 3.0" in text) == (200, True)
