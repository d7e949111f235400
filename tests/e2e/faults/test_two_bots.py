"""Two bots on one token and one Redis, by mistake or while one follows another: nothing said twice, nothing lost.

The stand-in enforces no nonces here: it is the bots that keep the promise.
"""

import os
import re
import signal
import time
from collections.abc import Iterator
from itertools import chain

import pytest

from bot.render import mark
from demo.house import House, open_house
from demo.processes import Process
from demo.web import call
from tests.e2e.asker import Asker, media_of, until
from tests.e2e.faults.backlog import open_threads, put_outcomes
from tests.e2e.faults.bots import Bots, ledger, lift_faults, meet, record, told, unacknowledged

THREADS = 10
OUTCOMES = 200
LEADS, WAITS = "this bot leads", "another bot leads"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(
        tmp_path_factory.mktemp("two-bots") / "logs",
        discord_options=("--no-rate-limits", "--nonce-seconds", "0"),
        bedrock_options=("--latency", "0.2"),
        settings={"RECONCILE_SECONDS": "1"},
        start=(),
    ) as opened:
        yield opened


@pytest.fixture(scope="module")
def bots(house: House) -> Iterator[Bots]:
    opened = Bots(house, house.redis_url)
    yield opened
    opened.end()


@pytest.fixture
def pair(bots: Bots) -> tuple[Process, Process]:
    """The bot that leads, and one that waits."""
    while len(running := [bot for bot in bots.started if bot.running]) < 2:
        bots.start()
    first, second = running
    until(lambda: leads(first) and waits(second), "one that leads and one that waits")
    return first, second


@pytest.fixture(scope="module")
def worker(house: House) -> Iterator[Process]:
    worker = Process("worker", ("-m", "worker"), house.processes["discord"].log.parent, house.environment)
    until(lambda: "worker ready" in worker.log.read_text(), "a worker that is ready")
    yield worker
    worker.stop()


def leads(bot: Process) -> bool:
    return LEADS in bot.log.read_text()


def waits(bot: Process) -> bool:
    return WAITS in bot.log.read_text()


def answers(house: House, threads: list[int]) -> dict[int, list[int]]:
    """Give the markers of the answers in each thread, in the order in which they were posted."""
    everything = call("GET", f"{house.discord_url}/control/state")["messages"]
    posted = {thread: everything.get(str(thread), []) for thread in threads}
    return {thread: [m["components"][0]["id"] for m in found if m["components"]] for thread, found in posted.items()}


async def test_200_outcomes_are_delivered_in_order_and_once_by_two_bots_of_which_one_is_killed(
    house: House, bots: Bots
) -> None:
    """The second one starts while the first has outcomes in hand that it has not acknowledged."""
    threads = open_threads(house, THREADS)
    jobs = await put_outcomes(house, threads, OUTCOMES // THREADS)
    assert unacknowledged(house) == OUTCOMES
    meet(house, "delay:0.3", "POST", r"/channels/\d+/messages$", OUTCOMES)

    first = bots.start()
    until(lambda: list(chain(*answers(house, threads).values())), "the first answers")
    second = bots.start()
    until(lambda: waits(second), "the second one waiting")
    bots.kill(first)
    assert unacknowledged(house) > OUTCOMES // 10
    lift_faults(house)

    until(lambda: unacknowledged(house) == 0, "all outcomes acknowledged", 60)
    assert answers(house, threads) == {thread: [mark(job) for job in jobs[thread]] for thread in threads}


def test_both_take_commands_and_each_is_one_job_with_one_answer(
    house: House, pair: tuple[Process, Process], worker: Process
) -> None:
    """Every interaction reaches both bots; the one that acknowledges second is told so, and leaves it alone."""
    del worker
    call("DELETE", f"{house.bedrock_url}/control/calls")
    ada = Asker(house)

    jobs = [ada.ask(f"number {number}", image=None) for number in range(6)]
    refused = ada.ask("castle::1.2", steps=20)

    assert [len(media_of(ada.answer(job))) for job in jobs] == [1] * len(jobs)
    assert "SDXL 1.0" in ada.private_words(refused)
    assert len(ada.get(f"/control/interactions/{refused}")["followups"]) == 0
    until(lambda: all(ledger(house, job) == "delivered" for job in jobs), "all acknowledged")
    time.sleep(1)
    assert told(house, *jobs) == [1] * len(jobs)
    assert len(call("GET", f"{house.bedrock_url}/control/calls")) == len(jobs)
    assert all("Traceback" not in bot.log.read_text() for bot in pair)


def test_an_acknowledgement_that_was_lost_on_its_way_makes_no_second_job(
    house: House, pair: tuple[Process, Process], worker: Process
) -> None:
    """The bot whose connection broke learns that the command is acknowledged, as the other does: both take it on."""
    del pair, worker
    ada = Asker(house)
    meet(house, "drop_after", "POST", "/callback$", times=2)

    job = ada.ask("twice acknowledged", image=None)

    assert len(media_of(ada.answer(job))) == 1
    until(lambda: (record(house, job) or ("",))[0] == "delivered", "the closed record")
    assert told(house, job) == [1]
    assert "channels" in ada.status(job)["content"]


def test_when_the_one_that_leads_is_killed_the_other_delivers_within_seconds(
    house: House, bots: Bots, pair: tuple[Process, Process], worker: Process
) -> None:
    del worker
    first, second = pair
    ada = Asker(house)
    job = ada.ask("a castle [slow:1]", image=None)
    until(lambda: ledger(house, job) == "running", "a call in flight")

    bots.kill(first)
    killed = time.monotonic()

    assert len(media_of(ada.answer(job))) == 1
    assert time.monotonic() - killed < 10
    assert leads(second)
    assert told(house, job) == [1]


def test_a_bot_that_was_frozen_while_the_other_took_over_steps_back_when_it_goes_on(
    house: House, pair: tuple[Process, Process], worker: Process
) -> None:
    del worker
    first, second = pair
    ada = Asker(house)
    job = ada.ask("a castle [slow:1]", image=None)
    until(lambda: ledger(house, job) == "running", "a call in flight")

    os.kill(first.pid, signal.SIGSTOP)
    try:
        until(lambda: leads(second) and told(house, job) == [1], "the answer by the other one")
    finally:
        os.kill(first.pid, signal.SIGCONT)

    until(lambda: "another bot leads now" in first.log.read_text(), "the first one stepping back")
    later = ada.ask("a lighthouse", image=None)
    assert len(media_of(ada.answer(later))) == 1
    assert told(house, job, later) == [1, 1]
    first.stop()


def test_when_the_one_that_leads_ends_in_order_the_other_follows_at_once(
    pair: tuple[Process, Process],
) -> None:
    first, second = pair

    first.stop()

    until(lambda: leads(second), "the other one leading", 2)


def test_an_interaction_that_discord_delivers_twice_is_one_job_with_one_answer(
    house: House, bots: Bots, worker: Process
) -> None:
    del bots, worker
    call("DELETE", f"{house.bedrock_url}/control/calls")
    ada = Asker(house)
    call("POST", f"{house.discord_url}/control/gateway", {"op": "duplicate_interactions:3"})

    jobs = [ada.ask(f"twice, number {number}") for number in range(3)]

    assert [len(media_of(ada.answer(job))) for job in jobs] == [1, 1, 1]
    until(lambda: all(ledger(house, job) == "delivered" for job in jobs), "all acknowledged")
    assert told(house, *jobs) == [1, 1, 1]
    assert len(call("GET", f"{house.bedrock_url}/control/calls")) == len(jobs)
    for job in jobs:
        assert re.search(r"/channels/\d+/\d+/\d+", ada.status(job)["content"])
