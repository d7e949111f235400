"""kill -9 of the bot at each moment of a job: the next bot brings every accepted one to its one answer.

Measured on 2 cores: from the kill to the answer 3 to 6 s, of which up to 3 s are the lease of the bot that is gone.
"""

import time
from collections.abc import Iterator

import pytest

from demo.house import House, open_house
from demo.processes import Process
from demo.web import call
from tests.e2e.asker import Asker, media_of, until
from tests.e2e.faults.bots import Bots, ledger, lift_faults, meet, record, told, unacknowledged
from tests.e2e.faults.gate import Gate


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(
        tmp_path_factory.mktemp("bot-killed") / "logs",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        settings={"RECONCILE_SECONDS": "1"},
        start=("worker",),
    ) as opened:
        if opened.redis is None:
            pytest.skip("REDIS_URL names a server that is not ours to stop")
        yield opened


@pytest.fixture(scope="module")
def gate(house: House) -> Iterator[Gate]:
    assert house.redis is not None
    with Gate(house.redis.port) as opened:
        yield opened


@pytest.fixture(scope="module")
def bots(house: House, gate: Gate) -> Iterator[Bots]:
    opened = Bots(house, gate.url)
    yield opened
    gate.open()
    opened.end()


@pytest.fixture
def bot(bots: Bots, gate: Gate) -> Process:
    """The one bot, whose way to Redis leads through the gate, and which leads."""
    gate.open()
    lift_faults(bots.house)
    call("DELETE", f"{bots.house.bedrock_url}/control/calls")
    bot = bots.last if bots.started and bots.last.running else bots.start()
    until(lambda: "this bot leads" in bot.log.read_text(), "a bot that leads")
    return bot


@pytest.fixture
def ada(house: House) -> Asker:
    return Asker(house)


def answered_once(house: House, job: str, *, paid: int = 1) -> None:
    """The picture is in one message, its record is closed, and nothing more is said or paid in a while."""
    until(lambda: (record(house, job) or ("",))[0] == "delivered", "the closed record")
    until(lambda: ledger(house, job) == "delivered", "the acknowledged outcome")
    time.sleep(0.7)
    assert told(house, job) == [1]
    assert len(media_of(Asker(house).answer(job))) == 1
    assert len(call("GET", f"{house.bedrock_url}/control/calls")) == paid


def test_killed_before_acknowledging_nothing_was_accepted_and_discord_says_so(
    house: House, bots: Bots, bot: Process, ada: Asker
) -> None:
    meet(house, "hang:5", "POST", "/callback$")
    job = ada.ask("before acknowledging", image=None)
    until(lambda: ada.get("/control/state")["faults"] == [], "the bot inside the call")

    bots.kill(bot)
    bots.start(wait=False)

    until(lambda: ada.get(f"/control/interactions/{job}")["failed"], "Discord's own words")
    assert record(house, job) is None
    assert ledger(house, job) is None


def test_killed_after_acknowledging_and_before_writing_it_down_nothing_says_that_it_was_accepted(
    house: House, bots: Bots, bot: Process, ada: Asker
) -> None:
    """Discord shows that the bot is thinking, and after 15 minutes that it did not respond.

    The bot whose connection broke asks which message it is that says so, and is killed while it does.
    """
    meet(house, "drop_after", "POST", "/callback$")
    meet(house, "hang:3", "GET", "@original$")
    job = ada.ask("after acknowledging", image=None)
    until(lambda: ada.get("/control/state")["faults"] == [], "the bot inside the call")

    bots.kill(bot)
    bots.start()

    assert ada.status(job)["content"] == ""
    assert record(house, job) is None
    assert ledger(house, job) is None


def test_killed_after_writing_it_down_and_before_saying_so_the_next_bot_queues_it(
    house: House, bots: Bots, bot: Process, ada: Asker
) -> None:
    meet(house, "hang:3", "PATCH", "@original$")
    job = ada.ask("written down", image=None)
    until(lambda: ada.get("/control/state")["faults"] == [], "the bot inside the call")

    bots.kill(bot)
    assert record(house, job) == ("accepted", None)
    bots.start()

    answered_once(house, job)


def test_killed_between_writing_it_down_and_queueing_the_next_bot_queues_it(
    house: House, bots: Bots, gate: Gate, bot: Process, ada: Asker
) -> None:
    """It fetches the picture again."""
    gate.hold("request", "accept")
    job = ada.ask("between")
    assert gate.met.wait(20)

    bots.kill(bot)
    assert record(house, job) == ("accepted", None)
    assert ledger(house, job) is None
    gate.open()
    bots.start()

    answered_once(house, job)


def test_killed_after_queueing_and_before_hearing_of_it_the_job_is_queued_once(
    house: House, bots: Bots, gate: Gate, bot: Process, ada: Asker
) -> None:
    gate.hold("reply", "accept")
    job = ada.ask("queued and unheard of")
    assert gate.met.wait(20)

    bots.kill(bot)
    gate.open()
    bots.start()

    answered_once(house, job)


def test_killed_after_posting_and_before_hearing_of_it_the_answer_is_not_said_again(
    house: House, bots: Bots, bot: Process, ada: Asker
) -> None:
    """The answer to the posting is lost, and the bot killed within the second before it would try again."""
    meet(house, "drop_after", "POST", r"/channels/\d+/messages$")
    job = ada.ask("posted and unheard of")
    until(lambda: told(house, job) == [1], "the answer", 20)

    bots.kill(bot)
    assert record(house, job) == ("queued", None)
    assert unacknowledged(house) == 1
    bots.start()

    answered_once(house, job)


@pytest.mark.parametrize("side", ["request", "reply"])
def test_killed_after_posting_while_acknowledging_the_answer_is_not_said_again(
    house: House, bots: Bots, gate: Gate, bot: Process, ada: Asker, side: str
) -> None:
    gate.hold("request" if side == "request" else "reply", "deliver")
    job = ada.ask(f"acknowledged, and the {side} lost")
    assert gate.met.wait(20)

    bots.kill(bot)
    assert told(house, job) == [1]
    assert unacknowledged(house) == (side == "request")
    gate.open()
    bots.start()

    answered_once(house, job)


def test_killed_while_idle_it_delivers_what_ended_meanwhile(house: House, bots: Bots, bot: Process, ada: Asker) -> None:
    jobs = [ada.ask(f"number {number} [slow:1]", image=None) for number in range(2)]
    until(lambda: all(ledger(house, job) for job in jobs), "both accepted")

    bots.kill(bot)
    until(lambda: unacknowledged(house) == len(jobs), "both finished")
    assert told(house, *jobs) == [0, 0]
    bots.start()

    for job in jobs:
        answered_once(house, job, paid=len(jobs))
