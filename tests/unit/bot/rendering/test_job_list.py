"""The list of open jobs stays within Discord's limits, and offers to cancel the jobs that can be."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.status import JobStatus, QueueState
from bot.interactions.components import build_button
from bot.interactions.result_buttons import CancelId
from bot.rendering.job_list import build_queue_view
from shared.i18n.messages import Messages
from shared.job import Job
from tests.support.views import (
    CATALOGUE,
    EN,
    LINK,
    any_messages,
    assert_fits_discord,
    jobs,
    join_texts,
    make_job,
    make_request,
    number_jobs,
)


def build_view(jobs: Sequence[Job], state: QueueState, messages: Messages = EN, guild_job_count: int | None = 7) -> Any:
    statuses = [JobStatus(job, state, position, 9e9, 1e10, None, None) for position, job in enumerate(jobs)]
    buttons = {job.id: build_button(CancelId(job.id), messages.text("button.cancel")) for job in jobs}
    note = messages.text("cancel.unknown")
    return build_queue_view(statuses, guild_job_count, CATALOGUE, messages, buttons, note=note)


def read_all_text(view: Any) -> str:
    return "\n".join(component["content"] for component in assert_fits_discord(view) if "content" in component)


@given(st.lists(jobs, max_size=25), st.sampled_from(QueueState), any_messages, st.none() | st.integers(0, 10**6))
def test_a_queue_fits_discord(
    some_jobs: list[Job], state: QueueState, messages: Messages, guild_job_count: int | None
) -> None:
    assert_fits_discord(build_view(number_jobs(some_jobs), state, messages, guild_job_count))


def test_only_jobs_that_have_not_begun_can_be_cancelled() -> None:
    three = number_jobs([make_job(make_request()) for _ in range(3)])

    buttons = {
        state: [component for component in assert_fits_discord(build_view(three, state)) if "custom_id" in component]
        for state in QueueState
    }

    assert [button["custom_id"] for button in buttons[QueueState.QUEUED]] == [f"cancel:{job.id}" for job in three]
    assert len(buttons[QueueState.PREPARING]) == 3
    assert buttons[QueueState.RUNNING] == buttons[QueueState.FINISHED] == []


def test_a_queue_counts_jobs_that_this_release_cannot_read() -> None:
    only = build_queue_view([], None, CATALOGUE, EN, {}, unreadable_count=1)
    others = build_queue_view([], None, CATALOGUE, EN, {}, unreadable_count=2)

    titles = [EN.text("queue.title", count=count) for count in (1, 2)]
    assert read_all_text(only).startswith(f"### {titles[0]}\n1 can't be shown: another release of the bot stored it,")
    assert read_all_text(others).startswith(
        f"### {titles[1]}\n2 can't be shown: another release of the bot stored them"
    )


def test_a_queue_says_how_many_jobs_there_are_and_links_to_them() -> None:
    twelve = number_jobs([make_job(make_request()) for _ in range(12)])

    text = read_all_text(build_view(twelve, QueueState.RUNNING))

    assert "You have 12 requests in the queue" in text
    assert "There are 7 requests in the server's queue." in text
    assert "and 2 more" in text
    assert f"[Open]({LINK})" in text


def test_an_empty_queue_says_how_to_fill_it() -> None:
    text = join_texts(build_queue_view([], 0, CATALOGUE, EN, {}))

    assert text.startswith("### You have nothing in the queue\nMake a picture with /imagine. Batches are in")
    assert text.endswith("/batch list.\nThe server's queue is empty.")


def test_the_model_of_a_job_is_named_once() -> None:
    one = [make_job(make_request())]

    running, queued = (read_all_text(build_view(one, state)) for state in (QueueState.RUNNING, QueueState.QUEUED))

    assert running.count("SDXL 1.0") == queued.count("SDXL 1.0") == 1
