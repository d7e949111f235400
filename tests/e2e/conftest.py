"""The whole stack of real processes, shared by all end-to-end tests that do not stop parts of it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from demo.first_picture import wait_until_ready
from demo.http_client import request_json
from demo.stack import Stack, run_stack
from shared.queue.keys import DEFAULT_KEYS
from tests.support.server import find_owner
from tests.support.user import DiscordUser


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run Redis, both stand-ins, worker and bot. Models respond within 0.2 s, and users have no rate limit."""
    folder = tmp_path_factory.mktemp("stack")
    with run_stack(
        folder / "logs",
        record=folder / "exchanges.jsonl",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        settings={
            "BEDROCK_CALL_SECONDS": "6",
            "LEASE_SECONDS": "3",
            "MAX_PER_MINUTE_PER_USER": "0",
            "HTTP_ADDRESS": "127.0.0.1:0",
        },
    ) as opened:
        wait_until_ready(opened)
        yield opened


@pytest.fixture
def ada(stack: Stack) -> DiscordUser:
    return DiscordUser(stack)


@pytest.fixture
def owner(stack: Stack) -> DiscordUser:
    """The owner of the server, who may manage it."""
    return find_owner(stack)


@pytest.fixture
def list_calls(stack: Stack) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return a function that lists the calls that the Bedrock stand-in received during the test."""
    request_json("DELETE", f"{stack.bedrock_url}/control/calls")
    with redis.Redis.from_url(stack.redis_url) as client:  # the calls that failed in another test pause no model here
        for key in client.scan_iter(f"{DEFAULT_KEYS.prefix}pace:*"):
            client.delete(key)
    yield lambda: request_json("GET", f"{stack.bedrock_url}/control/calls")
    request_json("DELETE", f"{stack.bedrock_url}/control/faults")
