"""Jobs and outcomes as another release wrote them: they alone wait or end in words, whoever starts again."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from demo.first_picture import iter_message_texts
from demo.stack import Stack
from shared.queue.keys import DEFAULT_KEYS
from tests.support.bot_processes import count_results
from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.user import wait_until


@pytest.fixture(scope="module")
def fault_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    with open_fault_stack(tmp_path_factory.mktemp("unreadable"), start=("bot",)) as opened:
        yield opened


def submit_and_change(fault_stack: FaultStack, prompt: str, **changes: Any) -> str:
    """Submit a job and change it while it waits, to no JSON if no changes are given."""
    job = fault_stack.submit_imagine(prompt)
    stored: Any = wait_until(lambda: fault_stack.client.hget(DEFAULT_KEYS.job_key(job), "job"), "a job that waits")
    fault_stack.client.hset(
        DEFAULT_KEYS.job_key(job), "job", json.dumps(json.loads(stored) | changes) if changes else "{"
    )
    return job


def read_status(fault_stack: FaultStack, job: str) -> str:
    return fault_stack.requesters[job].read_status(job)


def assert_one_result(stack: Stack, *jobs: str) -> None:
    assert count_results(stack, *jobs) == [1] * len(jobs)


def test_a_waiting_job_of_another_release_ends_in_words_and_everybody_else_is_answered(fault_stack: FaultStack) -> None:
    more = submit_and_change(fault_stack, "a field more", team_id=7)
    odd = submit_and_change(fault_stack, "an unknown kind", source_kind="of a newer release")
    damaged = submit_and_change(fault_stack, "no JSON")
    others = [fault_stack.submit_imagine("somebody else's", user) for user in ("grace", "linus")]
    worker = fault_stack.start_worker()

    for other in (more, *others):
        fault_stack.assert_image_posted(other)
    for job in (odd, damaged):
        assert "stored by another release of the bot" in fault_stack.wait_for_result_text(job)
        assert f"job {job} cannot be read by this release" in worker.log.read_text()
    assert fault_stack.list_calls("an unknown kind") == fault_stack.list_calls("no JSON") == []

    fault_stack.restart_bot()
    fault_stack.assert_image_posted(fault_stack.submit_imagine("after a restart", "margaret"))
    assert_one_result(fault_stack.stack, more, odd, damaged, *others)


def test_a_picture_with_an_outcome_of_another_release_waits_for_that_release_and_is_posted_once(
    fault_stack: FaultStack,
) -> None:
    bot = fault_stack.stack.processes["bot"]
    job = fault_stack.submit_imagine("an animated castle [slow:3]")
    wait_until(fault_stack.count_leases, "a call")
    bot.stop()
    outcome: Any = wait_until(lambda: fault_stack.client.hget(DEFAULT_KEYS.job_key(job), "outcome"), "an outcome")
    fault_stack.client.hset(
        DEFAULT_KEYS.job_key(job), "outcome", json.dumps(json.loads(outcome) | {"kind": "animated"})
    )

    for _ in range(2):
        bot = fault_stack.restart_bot()
        fault_stack.assert_image_posted(fault_stack.submit_imagine("somebody else's", "grace"))
        wait_until(lambda: "once the bot is upgraded" in read_status(fault_stack, job), "a status that says so")
        assert f"job {job}: its outcome cannot be read" in bot.log.read_text()
        assert "does not respond" not in bot.log.read_text()
    wait_until(lambda: fault_stack.client.xlen(DEFAULT_KEYS.outcome_stream) == 1, "all other outcomes acknowledged")

    bot.stop()
    fault_stack.client.hset(DEFAULT_KEYS.job_key(job), "outcome", outcome)
    fault_stack.restart_bot()
    fault_stack.assert_image_posted(job)
    wait_until(lambda: "Full size" in read_status(fault_stack, job), "the last edit of its status")
    assert_one_result(fault_stack.stack, job)
    assert fault_stack.count_billed_calls("an animated castle") == 1


def test_an_exploration_and_the_lists_go_on_around_a_job_that_cannot_be_read(fault_stack: FaultStack) -> None:
    for process in fault_stack.workers:
        if process.name.startswith("worker"):
            process.stop()
    odd = submit_and_change(fault_stack, "an unknown kind", source_kind="of a newer release")
    other = fault_stack.submit_imagine("readable")
    user = fault_stack.requesters[odd]
    wait_until(lambda: fault_stack.client.exists(DEFAULT_KEYS.job_key(other)), "a job that waits")

    listed = user.invoke_and_wait("queue")

    assert "readable" in "\n".join(iter_message_texts(listed))
    fault_stack.start_worker()
    fault_stack.assert_image_posted(other)
    assert "another release" in fault_stack.wait_for_result_text(odd)
