"""Redis is emptied while real processes run: by the database, every request still gets exactly one result."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
import redis

from demo.first_picture import wait_until_ready
from demo.http_client import request_json
from demo.processes import Process
from demo.stack import Stack, run_stack
from shared.queue.keys import DEFAULT_KEYS
from tests.support.edits import MODEL, assert_erased_once, start_erasing
from tests.support.records import query_records
from tests.support.user import DiscordUser, list_media, wait_until


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose bot reconciles database and queue every second."""
    with run_stack(
        tmp_path_factory.mktemp("redis-emptied") / "logs",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        settings={"LEASE_SECONDS": "3", "RECONCILE_INTERVAL_SECONDS": "1"},
    ) as opened:
        wait_until_ready(opened)
        yield opened


@pytest.fixture
def ada(stack: Stack) -> Iterator[DiscordUser]:
    request_json("DELETE", f"{stack.bedrock_url}/control/calls")
    yield DiscordUser(stack)
    os.kill(stack.processes["worker"].pid, signal.SIGCONT)


def read_job_state(stack: Stack, job: str) -> str | None:
    found = query_records(stack, "SELECT state FROM jobs WHERE id = ?", job)
    return str(found[0][0]) if found else None


def read_attempts(stack: Stack, job: str) -> list[tuple[int, int, int]]:
    return query_records(
        stack,
        "SELECT entry_number, calls, unknown_calls FROM queue_entries WHERE job_id = ? ORDER BY entry_number",
        job,
    )


def flush_redis(stack: Stack) -> None:
    with redis.Redis.from_url(stack.redis_url) as client:
        client.flushall()


def assert_one_image(ada: DiscordUser, job: str) -> None:
    """Assert that the result is posted and delivered, and that two reconciliations post nothing more."""
    answer = ada.wait_for_result(job)
    assert len(list_media(answer)) == 1
    wait_until(lambda: read_job_state(ada.stack, job) == "delivered", "the delivered record")
    time.sleep(2.2)
    assert [message["id"] for message in ada.list_messages(ada.wait_for_status(job)["thread"]["id"])] == [answer["id"]]


def test_a_request_lost_with_redis_before_it_was_claimed_is_generated_once(stack: Stack, ada: DiscordUser) -> None:
    os.kill(stack.processes["worker"].pid, signal.SIGSTOP)
    job, edit = ada.submit_imagine("a castle in fog", seed=77), start_erasing(ada)
    wait_until(lambda: {read_job_state(stack, one) for one in (job, edit)} == {"queued"}, "both in the database")

    flush_redis(stack)
    wait_until(lambda: all(len(read_attempts(stack, one)) == 2 for one in (job, edit)), "both queued again")
    os.kill(stack.processes["worker"].pid, signal.SIGCONT)

    assert_one_image(ada, job)
    assert_erased_once(stack, edit, in_doubt=1)
    calls = request_json("GET", f"{stack.bedrock_url}/control/calls")
    assert [paid["seed"] for paid in calls if paid["model"] != MODEL.id] == [77]


def test_a_call_lost_with_redis_is_repeated_once_and_gets_one_result(stack: Stack, ada: DiscordUser) -> None:
    job = ada.submit_imagine("a castle [slow:4]")
    with redis.Redis.from_url(stack.redis_url) as client:
        wait_until(
            lambda: (
                client.hget(DEFAULT_KEYS.job_key(job), "call_started") == b"1"
                and client.hget(DEFAULT_KEYS.job_key(job), "calls") == b"1"
            ),
            "call",
        )

    flush_redis(stack)

    assert_one_image(ada, job)
    assert len(request_json("GET", f"{stack.bedrock_url}/control/calls")) <= 2
    assert [(entry, unknown) for entry, _, unknown in read_attempts(stack, job)] == [(1, 0), (2, 1)]


def test_a_picture_that_arrives_when_redis_has_lost_its_job_is_posted_and_paid_once(
    stack: Stack, ada: DiscordUser
) -> None:
    """Nobody can have queued the job again, because the bot is suspended until the picture has arrived."""
    job = ada.submit_imagine("a castle [slow:2]")
    wait_until(lambda: len(request_json("GET", f"{stack.bedrock_url}/control/calls")) == 1, "call")
    bot = stack.processes["bot"]
    os.kill(bot.pid, signal.SIGSTOP)
    try:
        flush_redis(stack)
        with redis.Redis.from_url(stack.redis_url) as client:
            wait_until(lambda: client.hget(DEFAULT_KEYS.job_key(job), "state") == b"finished", "the picture in Redis")
    finally:
        os.kill(bot.pid, signal.SIGCONT)

    assert_one_image(ada, job)
    assert len(request_json("GET", f"{stack.bedrock_url}/control/calls")) == 1
    wait_until(lambda: sum(calls for _, calls, _ in read_attempts(stack, job)) == 1, "one call in the database")


def test_a_request_lost_while_no_bot_was_running_gets_one_result_from_the_next_bot(
    stack: Stack, ada: DiscordUser
) -> None:
    os.kill(stack.processes["worker"].pid, signal.SIGSTOP)
    job = ada.submit_imagine("a lighthouse")
    wait_until(lambda: read_job_state(stack, job) == "queued", "the request in the database")
    bot = stack.processes["bot"]
    os.kill(bot.pid, signal.SIGKILL)
    bot.stop()
    flush_redis(stack)
    os.kill(stack.processes["worker"].pid, signal.SIGCONT)

    again = Process("bot", ("-m", "bot"), bot.log.parent, stack.environment)
    try:
        assert_one_image(ada, job)
    finally:
        again.stop()
