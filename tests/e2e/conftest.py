"""The whole house of real processes, once for all end-to-end tests that leave it standing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from demo.first_picture import wait_until_ready
from demo.house import House, open_house
from demo.web import call
from tests.e2e.asker import Asker


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Redis, both stand-ins, worker and bot; models answer within a fifth of a second, and nobody asks too fast."""
    folder = tmp_path_factory.mktemp("house")
    with open_house(
        folder / "logs",
        record=folder / "exchanges.jsonl",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        settings={"BEDROCK_CALL_SECONDS": "4", "LEASE_SECONDS": "3", "MAX_PER_MINUTE_PER_USER": "0"},
    ) as opened:
        wait_until_ready(opened)
        yield opened


@pytest.fixture
def ada(house: House) -> Asker:
    return Asker(house)


@pytest.fixture
def calls(house: House) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The books of the Bedrock stand-in, opened anew for each test."""
    call("DELETE", f"{house.bedrock_url}/control/calls")
    yield lambda: call("GET", f"{house.bedrock_url}/control/calls")
    call("DELETE", f"{house.bedrock_url}/control/faults")
