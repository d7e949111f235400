"""kill -9 of the bot around an exploration: the question outlives it, and so does a sheet that is half full."""

from collections.abc import Iterator

import pytest

from demo.house import House, open_house
from demo.web import call
from tests.e2e.asker import Asker, until
from tests.e2e.explorer import ended, explore, results, said, sheet, start
from tests.e2e.faults.bots import Bots, told


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(
        tmp_path_factory.mktemp("explore-killed") / "logs",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        settings={"RECONCILE_SECONDS": "1"},
        start=("worker",),
    ) as opened:
        yield opened


@pytest.fixture
def bots(house: House) -> Iterator[Bots]:
    opened = Bots(house, house.redis_url)
    call("DELETE", f"{house.bedrock_url}/control/calls")
    yield opened
    opened.end()


def test_the_next_bot_starts_what_was_asked_about_and_fills_the_sheet_of_the_last_one(house: House, bots: Bots) -> None:
    ada = Asker(house)
    first = bots.start()
    question = explore(ada, "a castle [slow:2]", over="seeds", count=4)
    bots.kill(first)
    second = bots.start()

    grid = start(ada, question)
    until(lambda: (found := sheet(ada, grid)) and "2 are being painted" in said(found), "two cells at work")
    bots.kill(second)
    bots.start()
    message = ended(ada, grid)

    assert "4 of 4 are here" in said(message)
    assert told(house, *(f"{grid}-{number:02}" for number in range(1, 5))) == [1] * 4
    assert len(results(ada, message)) == len(call("GET", f"{house.bedrock_url}/control/calls")) == 4
