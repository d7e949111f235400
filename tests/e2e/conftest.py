"""The whole house of real processes, once for all end-to-end tests that leave it standing."""

from collections.abc import Iterator

import pytest

from demo.first_picture import wait_until_ready
from demo.house import House, open_house


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Redis, both stand-ins, worker and bot; models answer at once."""
    folder = tmp_path_factory.mktemp("house")
    with open_house(
        folder / "logs",
        record=folder / "exchanges.jsonl",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        settings={"BEDROCK_CALL_SECONDS": "5", "LEASE_SECONDS": "3"},
    ) as opened:
        wait_until_ready(opened)
        yield opened
