"""A pause outlives bot, worker and Redis: nothing starts before the moderator resumes, then every job has one result.

Measured: 5 to 8 s from the kill until the queue is as before.
"""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from shared.queue.keys import DEFAULT_KEYS
from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.server import find_owner
from tests.support.user import DiscordUser, wait_until

PROMPT = "a paused castle"
PAUSED_GUILDS = f"{DEFAULT_KEYS.prefix}paused_guilds"


@pytest.fixture(scope="module")
def fault_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    with open_fault_stack(
        tmp_path_factory.mktemp("paused"), RECONCILE_INTERVAL_SECONDS="1", BEDROCK_CALL_SECONDS="20"
    ) as opened:
        yield opened


def moderate(fault_stack: FaultStack, subcommand: str) -> str:
    owner = find_owner(fault_stack.stack)
    return owner.wait_for_private_text(owner.invoke_command(f"moderate {subcommand}", fault_stack.stack.channel_id))


def count_parked(fault_stack: FaultStack) -> int:
    [guild] = DiscordUser(fault_stack.stack).get("/control/state")["guilds"]
    return int(fault_stack.client.zcard(f"{DEFAULT_KEYS.prefix}parked:guild-{guild['id']}"))


def test_the_leading_bot_renews_a_pause_that_redis_lost(fault_stack: FaultStack) -> None:
    moderate(fault_stack, "pause")
    assert fault_stack.client.delete(PAUSED_GUILDS) == 1

    wait_until(lambda: fault_stack.client.exists(PAUSED_GUILDS), "the pause", 15)

    moderate(fault_stack, "resume")
    assert not fault_stack.client.exists(PAUSED_GUILDS)


@pytest.mark.parametrize("loss", ["emptied", "restarted"])
def test_a_paused_queue_stays_paused_and_goes_on_when_it_is_resumed(fault_stack: FaultStack, loss: str) -> None:
    prompt = f"{PROMPT} {loss}"
    assert moderate(fault_stack, "pause").startswith("Paused:")
    jobs = [fault_stack.submit_imagine(f"{prompt} {number}", "ada" if number else "grace") for number in range(4)]
    wait_until(lambda: count_parked(fault_stack) == len(jobs), "all requests parked")

    for name in ("bot", "worker"):
        os.kill(fault_stack.stack.processes[name].pid, signal.SIGKILL)
    if loss == "emptied":
        fault_stack.client.flushall()
    else:
        fault_stack.server.stop()
        fault_stack.server.start()
    fault_stack.stack.processes["worker"] = fault_stack.start_worker()
    fault_stack.restart_bot()
    wait_until(lambda: count_parked(fault_stack) == len(jobs), "all requests parked again")
    wait_until(lambda: fault_stack.client.hget(f"{DEFAULT_KEYS.prefix}epoch", "run_id"), "calls may start")
    time.sleep(2)

    assert fault_stack.list_calls(prompt) == []
    assert moderate(fault_stack, "resume").startswith("Open:")
    for job in jobs:
        fault_stack.assert_image_posted(job)
    assert fault_stack.count_billed_calls(prompt) == len(jobs)
