"""kill -9 of bots, workers and Redis while a batch runs: each item is made once, and the ledger has what was billed."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.domain.batches import BatchState
from demo.http_client import request_json
from demo.processes import Process
from demo.stack import Stack, run_stack
from tests.support.bot_processes import BotProcesses, wait_until_queued
from tests.support.redis_proxy import RedisProxy
from tests.support.stored_batches import StoredBatches
from tests.support.user import DiscordUser, wait_until

ITEMS = 30


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with run_stack(
        tmp_path_factory.mktemp("batches") / "logs",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        settings={"RECONCILE_INTERVAL_SECONDS": "1", "LEASE_SECONDS": "3", "BEDROCK_CALL_SECONDS": "5"},
        services=("worker",),
    ) as opened:
        yield opened
        opened.processes["worker"].stop()


@pytest.fixture(scope="module")
def bots(stack: Stack) -> Iterator[BotProcesses]:
    opened = BotProcesses(stack, stack.redis_url)
    opened.start()
    yield opened
    opened.stop_all()


@pytest.fixture(scope="module")
def batches(stack: Stack, bots: BotProcesses) -> StoredBatches:
    del bots
    return StoredBatches(stack)


@contextmanager
def replace_worker(stack: Stack) -> Iterator[None]:
    """Kill the worker, and start another one after the block."""
    killed = stack.processes["worker"]
    os.kill(killed.pid, signal.SIGKILL)
    killed.stop()
    yield
    stack.processes["worker"] = Process("worker", ("-m", "worker"), killed.log.parent, stack.environment)


def list_prompts(stack: Stack) -> list[str]:
    """List the bodies of Bedrock's calls, in order."""
    return [str(entry["body"]) for entry in request_json("GET", f"{stack.bedrock_url}/control/calls")]


def wait_for_results(batches: StoredBatches, batch_id: str, count: int) -> None:
    wait_until(lambda: batches.count_states(batch_id)["generated"] >= count, f"{count} pictures")


def wait_for_review(batches: StoredBatches, batch_id: str) -> None:
    wait_until(lambda: batches.read_state(batch_id) is BatchState.REVIEW, "nothing left to make", 60)


def test_each_item_is_made_once_though_everything_is_killed(
    stack: Stack, bots: BotProcesses, batches: StoredBatches
) -> None:
    """A second bot takes over from a killed one. Where no call may be repeated, the item fails and is tried again.

    While no worker runs, the batch's owner asks for a single picture: it is made before the items that wait.
    """
    assert stack.redis is not None
    batch_id = batches.start(ITEMS)
    wait_for_results(batches, batch_id, 5)
    bots.kill(bots.latest)
    os.kill(stack.redis.pid, signal.SIGKILL)
    stack.redis.stop()
    with replace_worker(stack):
        stack.redis.start()
    bots.start()
    leader, _ = bots.latest, bots.start()
    wait_for_results(batches, batch_id, 12)
    bots.kill(leader)
    ada = DiscordUser(stack)
    with replace_worker(stack):
        call_count = len(list_prompts(stack))
        single = ada.submit_imagine("a single lighthouse", image=None)
        wait_until_queued(stack, single)
    ada.wait_for_result(single)
    wait_for_review(batches, batch_id)
    later_prompts = list_prompts(stack)[call_count:]

    if batches.count_states(batch_id)["failed"]:
        batches.run(lambda store: store.retry_failed(batch_id))
        wait_for_review(batches, batch_id)

    assert batches.count_states(batch_id) == {"generated": ITEMS}
    assert len({sha256 for _, sha256 in batches.list_results(batch_id)}) == ITEMS
    assert batches.find_discrepancies(batch_id) == []
    assert ["lighthouse" in prompt for prompt in later_prompts[:6]].count(True) == 1
    assert ["lighthouse" in prompt for prompt in later_prompts].count(True) == 1


def test_an_item_whose_bot_dies_before_it_is_queued_is_made_once(
    stack: Stack, bots: BotProcesses, batches: StoredBatches
) -> None:
    assert stack.redis is not None
    bots.kill(bots.latest)
    request_json("DELETE", f"{stack.bedrock_url}/control/calls")
    with RedisProxy(stack.redis.port) as proxy:
        bots.redis_url = proxy.url
        bot = bots.start()
        proxy.hold_script("request", "accept")
        batch_id = batches.start(2, "a tower")
        assert proxy.held_event.wait(20), "the job of the first item is recorded, and not in the queue"
        bots.kill(bot)
    bots.redis_url = stack.redis_url
    bots.start()
    wait_for_review(batches, batch_id)

    assert batches.count_states(batch_id) == {"generated": 2}
    assert len(list_prompts(stack)) == 2
