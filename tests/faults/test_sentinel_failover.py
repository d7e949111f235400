"""The primary of a Redis with Sentinel is killed under load: bot, worker and Celery find the new one by themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from shared.queue.keys import DEFAULT_KEYS
from tests.faults.sentinel_failovers import count_repeated_calls, run_round
from tests.support.fault_stack import open_fault_stack
from tests.support.redis_sentinel import SentinelService, run_sentinel_service
from tests.support.user import wait_until


@pytest.fixture
def service() -> Iterator[SentinelService]:
    with run_sentinel_service() as service:
        yield service


def read_epoch(service: SentinelService) -> tuple[str, int]:
    """Return for which server calls may start, and the number of its epoch."""
    with redis.Redis(port=service.find_primary_port()) as client:
        run_id, number = client.hmget(f"{DEFAULT_KEYS.prefix}epoch", "run_id", "number")
        return (run_id or b"").decode(), int(number or 0)


def test_a_killed_primary_loses_no_request_and_no_answer(tmp_path: Path, service: SentinelService) -> None:
    with open_fault_stack(tmp_path, REDIS_URL=service.url, RECONCILE_INTERVAL_SECONDS="1") as stack:
        wait_until(lambda: read_epoch(service)[1], "calls that may start")
        first = read_epoch(service)

        run_round(stack, service, 1)

        count_repeated_calls(stack)
        stack.stack.check_running()
        run_id, number = read_epoch(service)
        assert run_id != first[0]
        assert number == first[1] + 1
