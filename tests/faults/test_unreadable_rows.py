"""Jobs and outcomes as another release wrote them: they alone wait or end in words, whoever starts again."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from demo.first_picture import iter_message_texts
from demo.processes import Process
from demo.stack import Stack
from shared.queue.keys import OUTCOME_STREAM, job_key
from tests.support.bot_processes import count_results
from tests.support.fault_stack import FaultStack, open_fault_stack
from tests.support.user import wait_until


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    with open_fault_stack(tmp_path_factory.mktemp("unreadable"), start=("bot",)) as opened:
        yield opened


def submit_and_change(stage: FaultStack, prompt: str, **changes: Any) -> str:
    """Submit a job and change it while it waits, to no JSON if no changes are given."""
    job = stage.submit_imagine(prompt)
    stored: Any = wait_until(lambda: stage.client.hget(job_key(job), "job"), "a job that waits")
    stage.client.hset(job_key(job), "job", json.dumps(json.loads(stored) | changes) if changes else "{")
    return job


def restart_bot(stage: FaultStack) -> Process:
    stage.stack.processes["bot"].stop()
    bot = Process("bot", ("-m", "bot"), stage.folder, stage.stack.environment)
    stage.stack.processes["bot"] = bot
    wait_until(lambda: "ready as" in bot.log.read_text(), "a bot that is ready")
    return bot


def read_status(stage: FaultStack, job: str) -> str:
    return str(stage.requesters[job].wait_for_status(job)["content"])


def assert_one_result(stack: Stack, *jobs: str) -> None:
    assert count_results(stack, *jobs) == [1] * len(jobs)


def test_a_waiting_job_of_another_release_ends_in_words_and_everybody_else_is_answered(stage: FaultStack) -> None:
    more = submit_and_change(stage, "a field more", team_id=7)
    odd = submit_and_change(stage, "an unknown kind", source_kind="of a newer release")
    damaged = submit_and_change(stage, "no JSON")
    others = [stage.submit_imagine("somebody else's", user) for user in ("grace", "linus")]
    worker = stage.start_worker()

    for other in (more, *others):
        stage.assert_image_posted(other)
    for job in (odd, damaged):
        assert "stored by another release of the bot" in stage.wait_for_result_text(job)
        assert f"job {job} cannot be read by this release" in worker.log.read_text()
    assert stage.list_calls("an unknown kind") == stage.list_calls("no JSON") == []

    restart_bot(stage)
    stage.assert_image_posted(stage.submit_imagine("after a restart", "margaret"))
    assert_one_result(stage.stack, more, odd, damaged, *others)


def test_a_picture_with_an_outcome_of_another_release_waits_for_that_release_and_is_posted_once(
    stage: FaultStack,
) -> None:
    bot = stage.stack.processes["bot"]
    job = stage.submit_imagine("an animated castle [slow:3]")
    wait_until(stage.count_leases, "a call")
    bot.stop()
    outcome: Any = wait_until(lambda: stage.client.hget(job_key(job), "outcome"), "an outcome")
    stage.client.hset(job_key(job), "outcome", json.dumps(json.loads(outcome) | {"kind": "animated"}))

    for _ in range(2):
        bot = restart_bot(stage)
        stage.assert_image_posted(stage.submit_imagine("somebody else's", "grace"))
        wait_until(lambda: "once the bot is upgraded" in read_status(stage, job), "a status that says so")
        assert f"job {job}: its outcome cannot be read" in bot.log.read_text()
        assert "does not respond" not in bot.log.read_text()
    assert stage.client.xlen(OUTCOME_STREAM) == 1

    bot.stop()
    stage.client.hset(job_key(job), "outcome", outcome)
    restart_bot(stage)
    stage.assert_image_posted(job)
    wait_until(lambda: read_status(stage, job).startswith("Done"), "the last edit of its status")
    assert_one_result(stage.stack, job)
    assert stage.count_billed_calls("an animated castle") == 1


def test_an_exploration_and_the_lists_go_on_around_a_job_that_cannot_be_read(stage: FaultStack) -> None:
    for worker in stage.workers:
        worker.stop()
    odd = submit_and_change(stage, "an unknown kind", source_kind="of a newer release")
    other = stage.submit_imagine("readable")
    user = stage.requesters[odd]
    wait_until(lambda: stage.client.exists(job_key(other)), "a job that waits")

    listed = user.invoke_and_wait("queue")

    assert "readable" in "\n".join(iter_message_texts(listed))
    stage.start_worker()
    stage.assert_image_posted(other)
    assert "another release" in stage.wait_for_result_text(odd)
