"""Private results survive the bot that accepted them: the next bot posts them once, in the same place."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from demo.http_client import request_json
from demo.stack import Stack, run_stack
from tests.support.bot_processes import BotProcesses, read_job_field
from tests.support.user import DiscordUser, list_custom_ids, wait_until


@pytest.fixture
def bot_processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotProcesses]:
    with run_stack(
        tmp_path_factory.mktemp("private") / "logs",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        settings={"RECONCILE_INTERVAL_SECONDS": "1"},
        services=("worker",),
    ) as stack:
        opened = BotProcesses(stack, stack.redis_url)
        opened.start()
        yield opened
        opened.stop_all()


def test_private_results_are_posted_once_when_the_bot_is_killed_before_and_after(bot_processes: BotProcesses) -> None:
    ada = DiscordUser(bot_processes.stack)
    ada.use_component(ada.invoke_and_wait("preferences"), "preference_select:private", "on")
    is_on = '{"label": "Only for me, in my direct messages", "value": "on", "default": true}'
    wait_until(lambda: is_on in json.dumps(ada.invoke_and_wait("preferences")), "results in private")
    job = ada.submit_imagine("a castle [slow:3]")
    wait_until(lambda: read_job_field(bot_processes.stack, job) == "running", "a call that has begun")

    bot_processes.kill(bot_processes.latest)
    wait_until(lambda: read_job_field(bot_processes.stack, job) == "finished", "a result that no bot delivers")
    bot_processes.start()
    (first,) = wait_until(lambda: list_results(bot_processes.stack, job), "the answer")
    bot_processes.kill(bot_processes.latest)
    bot_processes.start()
    again = ada.press_button(first, "regenerate")
    (second,) = wait_until(lambda: list_results(bot_processes.stack, again), "the result of an old button")

    assert second["channel_id"] == first["channel_id"]
    assert len(list_results(bot_processes.stack, job)) == 1


def list_results(stack: Stack, job: str) -> list[dict[str, Any]]:
    """List the result messages of a job in all channels."""
    found = request_json("GET", f"{stack.discord_url}/control/state")["messages"]
    everything = (message for messages in found.values() for message in messages)
    return [message for message in everything if f"regenerate:{job}" in list_custom_ids(message)]
