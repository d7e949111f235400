"""kill -9 of the bot around an exploration: the confirmation and a half-finished contact sheet survive it."""

from collections.abc import Iterator

import pytest

from demo.http_client import request_json
from demo.stack import Stack, run_stack
from tests.support.bot_processes import BotProcesses, count_results
from tests.support.exploration import (
    find_exploration_message,
    invoke_explore,
    list_results,
    start_exploration,
    wait_for_exploration_end,
)
from tests.support.message_text import read_text
from tests.support.redis_proxy import RedisProxy
from tests.support.user import DiscordUser, wait_until


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with run_stack(
        tmp_path_factory.mktemp("explore-killed") / "logs",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        settings={"RECONCILE_INTERVAL_SECONDS": "1"},
        services=("worker",),
    ) as opened:
        yield opened


@pytest.fixture
def bot_processes(stack: Stack) -> Iterator[BotProcesses]:
    opened = BotProcesses(stack, stack.redis_url)
    request_json("DELETE", f"{stack.bedrock_url}/control/calls")
    yield opened
    opened.stop_all()


def test_the_next_bot_starts_a_planned_exploration_and_completes_a_running_one(
    stack: Stack, bot_processes: BotProcesses
) -> None:
    ada = DiscordUser(stack)
    first = bot_processes.start()
    confirmation = invoke_explore(ada, "a castle [slow:2]", vary="seeds", count=4)
    bot_processes.kill(first)
    second = bot_processes.start()

    exploration_id = start_exploration(ada, confirmation)
    wait_until(
        lambda: (found := find_exploration_message(ada, exploration_id)) and "2 in progress" in read_text(found),
        "two running variants",
    )
    bot_processes.kill(second)
    bot_processes.start()
    message = wait_for_exploration_end(ada, exploration_id)

    assert "4 of 4 done" in read_text(message)
    assert count_results(stack, *(f"{exploration_id}-{number:02}" for number in range(1, 5))) == [1] * 4
    assert len(list_results(ada, message)) == len(request_json("GET", f"{stack.bedrock_url}/control/calls")) == 4


def test_a_bot_that_dies_between_accepting_several_pictures_leaves_none_out_and_makes_none_twice(
    stack: Stack, bot_processes: BotProcesses
) -> None:
    ada = DiscordUser(stack)
    assert stack.redis is not None
    with RedisProxy(stack.redis.port) as proxy:
        bot_processes.redis_url = proxy.url
        bot = bot_processes.start()
        proxy.hold_script("reply", "accept")
        used = ada.submit_imagine("a tower", count=4)
        assert proxy.held_event.wait(20), "the first picture is accepted, the bot does not know it yet"
        bot_processes.kill(bot)
        waiting = find_exploration_message(ada, used)
    bot_processes.redis_url = stack.redis_url
    bot_processes.start()
    sheet = wait_for_exploration_end(ada, used)

    assert waiting is not None
    assert "4 waiting" in read_text(waiting)
    assert "4 of 4 done" in read_text(sheet)
    assert count_results(stack, *(f"{used}-{number:02}" for number in range(1, 5))) == [1] * 4
    calls = request_json("GET", f"{stack.bedrock_url}/control/calls")
    assert len({call["body"]["seed"] for call in calls}) == len(calls) == 4
