"""kill -9 of the bot at each moment of a job: with the next bot, every accepted job gets exactly one result.

Measured on 2 cores: 3 to 6 s from the kill to the result, up to 3 s of which are the killed bot's lease.
"""

import time
from collections.abc import Iterator

import pytest

from demo.http_client import request_json
from demo.processes import Process
from demo.stack import Stack, run_stack
from tests.support.bot_processes import (
    BotProcesses,
    clear_discord_faults,
    count_results,
    count_unacknowledged,
    inject_discord_fault,
    read_job_field,
    read_job_record,
    wait_until_delivered,
)
from tests.support.edits import assert_erased_once, start_erasing
from tests.support.process_logs import wait_for_log
from tests.support.redis_proxy import RedisProxy
from tests.support.user import DiscordUser, list_media, wait_until


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with run_stack(
        tmp_path_factory.mktemp("bot-killed") / "logs",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        settings={"RECONCILE_INTERVAL_SECONDS": "1"},
        services=("worker",),
    ) as opened:
        if opened.redis is None:
            pytest.skip("REDIS_URL names a server that is not ours to stop")
        yield opened


@pytest.fixture(scope="module")
def redis_proxy(stack: Stack) -> Iterator[RedisProxy]:
    assert stack.redis is not None
    with RedisProxy(stack.redis.port) as opened:
        yield opened


@pytest.fixture(scope="module")
def bot_processes(stack: Stack, redis_proxy: RedisProxy) -> Iterator[BotProcesses]:
    opened = BotProcesses(stack, redis_proxy.url)
    yield opened
    redis_proxy.release()
    opened.stop_all()


@pytest.fixture
def bot(bot_processes: BotProcesses, redis_proxy: RedisProxy) -> Process:
    """The only running bot, which is the leader and connects to Redis through the proxy."""
    redis_proxy.release()
    clear_discord_faults(bot_processes.stack)
    request_json("DELETE", f"{bot_processes.stack.bedrock_url}/control/calls")
    bot = bot_processes.latest if bot_processes.processes and bot_processes.latest.is_running else bot_processes.start()
    wait_for_log(bot, "this bot leads")
    return bot


@pytest.fixture
def ada(stack: Stack) -> DiscordUser:
    return DiscordUser(stack)


def assert_answered_once(stack: Stack, job: str, *, paid: int = 1) -> None:
    """Assert that the job has one result message, is delivered, and nothing more is posted or billed for a while."""
    wait_until_delivered(stack, job)
    wait_until(lambda: read_job_field(stack, job) == "delivered", "the acknowledged outcome")
    time.sleep(0.7)
    assert count_results(stack, job) == [1]
    ada = DiscordUser(stack)
    assert len(list_media(ada.wait_for_result(job))) == 1
    assert len(list_media(ada.wait_for_status(job))) == 1, "a preview in the channel"
    assert len(request_json("GET", f"{stack.bedrock_url}/control/calls")) == paid


def test_killed_before_acknowledging_nothing_was_accepted_and_discord_shows_a_failure(
    stack: Stack, bot_processes: BotProcesses, bot: Process, ada: DiscordUser
) -> None:
    inject_discord_fault(stack, "hang:5", "POST", "/callback$")
    job = ada.submit_imagine("before acknowledging", image=None)
    wait_until(lambda: ada.get("/control/state")["faults"] == [], "the bot inside the request")

    bot_processes.kill(bot)
    bot_processes.start(wait=False)

    wait_until(lambda: ada.get(f"/control/interactions/{job}")["failed"], "Discord's failure notice")
    assert read_job_record(stack, job) is None
    assert read_job_field(stack, job) is None


def test_killed_after_acknowledging_and_before_storing_the_job_nothing_claims_that_it_was_accepted(
    stack: Stack, bot_processes: BotProcesses, bot: Process, ada: DiscordUser
) -> None:
    """Discord shows that the bot is thinking, and after 15 minutes that it did not respond.

    The bot whose connection broke fetches its original response, and is killed while it does.
    """
    inject_discord_fault(stack, "drop_after", "POST", "/callback$")
    inject_discord_fault(stack, "hang:3", "GET", "@original$")
    job = ada.submit_imagine("after acknowledging", image=None)
    wait_until(lambda: ada.get("/control/state")["faults"] == [], "the bot inside the request")

    bot_processes.kill(bot)
    bot_processes.start()

    assert ada.wait_for_status(job)["content"] == ""
    assert read_job_record(stack, job) is None
    assert read_job_field(stack, job) is None


def test_killed_after_storing_the_job_and_before_saying_so_the_next_bot_queues_it(
    stack: Stack, bot_processes: BotProcesses, bot: Process, ada: DiscordUser
) -> None:
    inject_discord_fault(stack, "hang:3", "PATCH", "@original$")
    job = ada.submit_imagine("written down", image=None)
    wait_until(lambda: ada.get("/control/state")["faults"] == [], "the bot inside the request")

    bot_processes.kill(bot)
    assert read_job_record(stack, job) == ("accepted", None)
    bot_processes.start()

    assert_answered_once(stack, job)


def test_killed_between_storing_and_queueing_the_next_bot_queues_the_job(
    stack: Stack, bot_processes: BotProcesses, redis_proxy: RedisProxy, bot: Process, ada: DiscordUser
) -> None:
    """The next bot fetches the attachment again."""
    redis_proxy.hold_script("request", "accept")
    job = ada.submit_imagine("between")
    assert redis_proxy.held_event.wait(20)

    bot_processes.kill(bot)
    assert read_job_record(stack, job) == ("accepted", None)
    assert read_job_field(stack, job) is None
    redis_proxy.release()
    bot_processes.start()

    assert_answered_once(stack, job)


def test_killed_after_start_was_pressed_the_next_bot_queues_the_edit_with_its_mask(
    stack: Stack, bot_processes: BotProcesses, redis_proxy: RedisProxy, bot: Process, ada: DiscordUser
) -> None:
    """The next bot reads the pictures, which no attachment holds together, from the database."""
    redis_proxy.hold_script("request", "accept")
    job = start_erasing(ada)
    assert redis_proxy.held_event.wait(20)

    bot_processes.kill(bot)
    assert read_job_record(stack, job) == ("accepted", None)
    redis_proxy.release()
    bot_processes.start()

    assert_erased_once(stack, job, in_doubt=1)


def test_killed_after_queueing_and_before_the_reply_the_job_is_queued_once(
    stack: Stack, bot_processes: BotProcesses, redis_proxy: RedisProxy, bot: Process, ada: DiscordUser
) -> None:
    redis_proxy.hold_script("reply", "accept")
    job = ada.submit_imagine("queued and unheard of")
    assert redis_proxy.held_event.wait(20)

    bot_processes.kill(bot)
    redis_proxy.release()
    bot_processes.start()

    assert_answered_once(stack, job)


def test_killed_after_posting_and_before_the_response_the_result_is_not_posted_again(
    stack: Stack, bot_processes: BotProcesses, bot: Process, ada: DiscordUser
) -> None:
    """Discord's response to the post is lost, and the bot is killed within the second before it would retry."""
    inject_discord_fault(stack, "drop_after", "POST", r"/channels/\d+/messages$")
    job = ada.submit_imagine("posted and unheard of")
    wait_until(lambda: count_results(stack, job) == [1], "the answer", 20)

    bot_processes.kill(bot)
    assert read_job_record(stack, job) == ("queued", None)
    assert count_unacknowledged(stack) == 1
    bot_processes.start()

    assert_answered_once(stack, job)


def test_killed_between_the_result_and_its_preview_the_next_bot_previews_it_and_posts_nothing_again(
    stack: Stack, bot_processes: BotProcesses, bot: Process, ada: DiscordUser
) -> None:
    job = ada.submit_imagine("shown later [slow:1]", image=None)
    status = ada.wait_for_status(job)["id"]
    inject_discord_fault(stack, "delay:1", "POST", f"/channels/{status}/messages$")
    wait_until(lambda: read_job_field(stack, job) == "finished", "the outcome, after which only the preview is edited")
    inject_discord_fault(stack, "hang:30", "PATCH", f"/messages/{status}$")
    wait_until(lambda: ada.get("/control/state")["faults"] == [], "the bot inside the edit")

    bot_processes.kill(bot)
    assert count_results(stack, job) == [1]
    assert list_media(ada.wait_for_status(job)) == []
    bot_processes.start()

    assert_answered_once(stack, job)


@pytest.mark.parametrize("side", ["request", "reply"])
def test_killed_while_acknowledging_the_outcome_the_result_is_not_posted_again(
    stack: Stack, bot_processes: BotProcesses, redis_proxy: RedisProxy, bot: Process, ada: DiscordUser, side: str
) -> None:
    redis_proxy.hold_script("request" if side == "request" else "reply", "mark_delivered")
    job = ada.submit_imagine(f"acknowledged, and the {side} lost")
    assert redis_proxy.held_event.wait(20)

    bot_processes.kill(bot)
    assert count_results(stack, job) == [1]
    assert count_unacknowledged(stack) == (side == "request")
    redis_proxy.release()
    bot_processes.start()

    assert_answered_once(stack, job)


def test_outcomes_of_the_time_without_a_bot_are_delivered_by_the_next(
    stack: Stack, bot_processes: BotProcesses, bot: Process, ada: DiscordUser
) -> None:
    jobs = [ada.submit_imagine(f"number {number} [slow:1]", image=None) for number in range(2)]
    wait_until(lambda: all(read_job_field(stack, job) for job in jobs), "both accepted")

    bot_processes.kill(bot)
    wait_until(lambda: count_unacknowledged(stack) == len(jobs), "both finished")
    assert count_results(stack, *jobs) == [0, 0]
    bot_processes.start()

    for job in jobs:
        assert_answered_once(stack, job, paid=len(jobs))
