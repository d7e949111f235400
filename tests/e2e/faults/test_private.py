"""Private results outlive the bot that promised them: the next one tells them where they were to be told, once."""

from collections.abc import Iterator
from typing import Any

import pytest

from demo.house import House, open_house
from demo.web import call
from tests.e2e.asker import Asker, custom_ids, until
from tests.e2e.faults.bots import Bots, ledger


@pytest.fixture
def bots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bots]:
    with open_house(
        tmp_path_factory.mktemp("private") / "logs",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        settings={"RECONCILE_SECONDS": "1"},
        start=("worker",),
    ) as house:
        opened = Bots(house, house.redis_url)
        opened.start()
        yield opened
        opened.end()


def test_the_bot_dies_before_and_after_a_private_result_is_told(bots: Bots) -> None:
    ada = Asker(bots.house)
    ada.choose(ada.shown("preferences"), "prefer:0:private-on")
    until(lambda: "prefer:0:private-off" in custom_ids(ada.shown("preferences")), "results in private")
    job = ada.ask("a castle [slow:3]")
    until(lambda: ledger(bots.house, job) == "running", "a call that has begun")

    bots.kill(bots.last)
    until(lambda: ledger(bots.house, job) == "finished", "a picture that nobody tells")
    bots.start()
    (first,) = until(lambda: answers(bots.house, job), "the answer")
    bots.kill(bots.last)
    bots.start()
    again = ada.press(first, "again")
    (second,) = until(lambda: answers(bots.house, again), "the answer to a button of before")

    assert second["channel_id"] == first["channel_id"]
    assert len(answers(bots.house, job)) == 1


def answers(house: House, job: str) -> list[dict[str, Any]]:
    """List the answers to a job in all channels."""
    found = call("GET", f"{house.discord_url}/control/state")["messages"]
    everything = (message for messages in found.values() for message in messages)
    return [message for message in everything if f"again:{job}" in custom_ids(message)]
