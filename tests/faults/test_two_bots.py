"""Two bots with one token and one Redis share the delivery: nothing is posted twice, nothing is lost.

The stand-in does not enforce nonces here, so the guarantee comes from the bots alone.
"""

import os
import re
import signal
import time
from collections.abc import Iterator
from itertools import chain

import pytest
import redis

from bot.rendering.outcome_views import compute_component_id
from demo.http_client import request_json
from demo.processes import Process
from demo.stack import Stack, run_stack
from shared.queue.keys import DEFAULT_KEYS
from tests.support.bot_processes import (
    BotProcesses,
    clear_discord_faults,
    count_results,
    count_unacknowledged,
    inject_discord_fault,
    read_job_field,
    wait_until_delivered,
    wait_until_queued,
)
from tests.support.pending_outcomes import list_result_markers, open_threads, put_pending_outcomes
from tests.support.process_logs import wait_for_log
from tests.support.user import DiscordUser, list_media, wait_until

THREADS = 10
OUTCOMES = 200
LEADS_TEXT, WAITS_TEXT = "this bot leads", "another bot leads"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with run_stack(
        tmp_path_factory.mktemp("two-bots") / "logs",
        discord_options=("--no-rate-limits", "--nonce-seconds", "0"),
        bedrock_options=("--latency", "0.2"),
        settings={"RECONCILE_INTERVAL_SECONDS": "1"},
        services=(),
    ) as opened:
        yield opened


@pytest.fixture(scope="module")
def bot_processes(stack: Stack) -> Iterator[BotProcesses]:
    opened = BotProcesses(stack, stack.redis_url)
    yield opened
    opened.stop_all()


@pytest.fixture
def pair(bot_processes: BotProcesses) -> tuple[Process, Process]:
    """The leader and a bot on standby."""
    while len(running := [bot for bot in bot_processes.processes if bot.is_running]) < 2:
        bot_processes.start()
    first, second = running
    wait_until(lambda: is_leader(first) and is_standby(second), "a leader and a standby")
    return first, second


@pytest.fixture(scope="module")
def worker(stack: Stack) -> Iterator[Process]:
    worker = Process("worker", ("-m", "worker"), stack.processes["discord"].log.parent, stack.environment)
    wait_for_log(worker, "worker ready")
    yield worker
    worker.stop()


def is_leader(bot: Process) -> bool:
    return LEADS_TEXT in bot.log.read_text()


def is_standby(bot: Process) -> bool:
    return WAITS_TEXT in bot.log.read_text()


async def test_200_outcomes_are_delivered_once_and_in_order_by_two_bots_one_of_which_is_killed(
    stack: Stack, bot_processes: BotProcesses
) -> None:
    """The second bot starts while the first has outcomes that it has not acknowledged."""
    threads = open_threads(stack, THREADS)
    jobs = await put_pending_outcomes(stack, threads, OUTCOMES // THREADS)
    assert count_unacknowledged(stack) == OUTCOMES
    inject_discord_fault(stack, "delay:1", "POST", r"/channels/\d+/messages$", OUTCOMES)

    first = bot_processes.start()
    wait_until(lambda: list(chain(*list_result_markers(stack, threads).values())), "the first answers")
    second = bot_processes.start()
    wait_until(lambda: is_standby(second), "the second bot on standby")
    bot_processes.kill(first)
    assert count_unacknowledged(stack) > OUTCOMES // 10
    clear_discord_faults(stack)

    wait_until(lambda: count_unacknowledged(stack) == 0, "all outcomes acknowledged", 60)
    assert list_result_markers(stack, threads) == {
        thread: [compute_component_id(job) for job in jobs[thread]] for thread in threads
    }


def test_both_bots_accept_commands_and_each_is_one_job_with_one_result(
    stack: Stack, pair: tuple[Process, Process], worker: Process
) -> None:
    """Every interaction reaches both bots; the bot that acknowledges second gets an error and ignores it."""
    del worker
    request_json("DELETE", f"{stack.bedrock_url}/control/calls")
    ada = DiscordUser(stack)

    jobs = [ada.submit_imagine(f"number {number}", image=None) for number in range(6)]
    refused = ada.submit_imagine("castle::1.2.3")

    assert [len(list_media(ada.wait_for_result(job))) for job in jobs] == [1] * len(jobs)
    assert "1.2.3" in ada.wait_for_private_text(refused)
    assert len(ada.get(f"/control/interactions/{refused}")["followups"]) == 0
    wait_until(lambda: all(read_job_field(stack, job) == "delivered" for job in jobs), "all acknowledged")
    time.sleep(1)
    assert count_results(stack, *jobs) == [1] * len(jobs)
    assert len(request_json("GET", f"{stack.bedrock_url}/control/calls")) == len(jobs)
    assert all("Traceback" not in bot.log.read_text() for bot in pair)


def test_a_lost_acknowledgement_does_not_create_a_second_job(
    stack: Stack, pair: tuple[Process, Process], worker: Process
) -> None:
    """The bot whose connection broke learns that the command is acknowledged, as the other does; both accept it."""
    del pair, worker
    ada = DiscordUser(stack)
    inject_discord_fault(stack, "drop_after", "POST", "/callback$", times=2)

    job = ada.submit_imagine("twice acknowledged", image=None)

    assert len(list_media(ada.wait_for_result(job))) == 1
    wait_until_delivered(stack, job)
    assert count_results(stack, job) == [1]
    wait_until(lambda: "channels" in ada.read_status(job), "the status message with a link to the result")


def test_when_the_leader_is_killed_the_other_bot_leads_and_delivers_all_within_seconds(
    stack: Stack, bot_processes: BotProcesses, pair: tuple[Process, Process], worker: Process
) -> None:
    del worker
    first, second = pair
    ada = DiscordUser(stack)
    jobs = [ada.submit_imagine(f"castle {number} [slow:1]", image=None) for number in range(6)]
    for job in jobs:
        wait_until_queued(stack, job)

    bot_processes.kill(first)
    killed = time.monotonic()

    assert [len(list_media(ada.wait_for_result(job))) for job in jobs] == [1] * len(jobs)
    assert time.monotonic() - killed < 30
    wait_until(lambda: is_leader(second), "the other one leading")
    assert count_results(stack, *jobs) == [1] * len(jobs)


def test_a_frozen_leader_steps_down_when_it_resumes_and_another_bot_leads(
    stack: Stack, pair: tuple[Process, Process], worker: Process
) -> None:
    del worker
    first, second = pair
    ada = DiscordUser(stack)
    job = ada.submit_imagine("a castle [slow:1]", image=None)
    wait_until(lambda: read_job_field(stack, job) == "running", "a call in flight")

    os.kill(first.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: is_leader(second) and count_results(stack, job) == [1], "the answer by the other one")
    finally:
        os.kill(first.pid, signal.SIGCONT)

    wait_for_log(first, "another bot leads now")
    later = ada.submit_imagine("a lighthouse", image=None)
    assert len(list_media(ada.wait_for_result(later))) == 1
    assert count_results(stack, job, later) == [1, 1]
    first.stop()


def test_when_the_leader_stops_cleanly_the_other_bot_leads_at_once(stack: Stack, pair: tuple[Process, Process]) -> None:
    """It returns its lease, which would otherwise have to expire."""
    first, second = pair
    with redis.Redis.from_url(stack.redis_url) as client:
        lease = client.get(DEFAULT_KEYS.leader)

        first.stop()

        assert client.get(DEFAULT_KEYS.leader) != lease
    wait_until(lambda: is_leader(second), "the other one leading")


def test_an_interaction_delivered_twice_is_one_job_with_one_result(
    stack: Stack, bot_processes: BotProcesses, worker: Process
) -> None:
    del bot_processes, worker
    request_json("DELETE", f"{stack.bedrock_url}/control/calls")
    ada = DiscordUser(stack)
    request_json("POST", f"{stack.discord_url}/control/gateway", {"op": "duplicate_interactions:3"})

    jobs = [ada.submit_imagine(f"twice, number {number}") for number in range(3)]

    assert [len(list_media(ada.wait_for_result(job))) for job in jobs] == [1, 1, 1]
    wait_until(lambda: all(read_job_field(stack, job) == "delivered" for job in jobs), "all acknowledged")
    assert count_results(stack, *jobs) == [1, 1, 1]
    assert len(request_json("GET", f"{stack.bedrock_url}/control/calls")) == len(jobs)
    for job in jobs:
        assert re.search(r"/channels/\d+/\d+/\d+", ada.read_status(job))
