"""The list of a server's requests: what it shows, and that it fits Discord."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.guild_settings import GuildQueueState
from bot.domain.records import GenerationSettings
from bot.domain.status import JobStatus, QueueState
from bot.features.moderation.queue_view import PAGE_SIZE, ServerQueuePage, build_server_queue_view
from bot.features.moderation.server_queue import ServerQueueCommands
from shared.i18n.messages import Messages
from shared.job import EntryRef, Job
from shared.outcome import Failed
from shared.problems import make_problem
from tests.support.commands import UNUSED
from tests.support.members import make_interaction
from tests.support.views import (
    CATALOGUE,
    EN,
    any_messages,
    assert_fits_discord,
    jobs,
    make_job,
    make_request,
    number_jobs,
)

JOB_ID = make_job(make_request()).id


def build_view(
    statuses: list[JobStatus], messages: Messages = EN, *, count: int | None = None, number: int = 0, **fields: Any
) -> Any:
    values = {"prices": {}, "state": GuildQueueState.OPEN, **fields}
    page = ServerQueuePage(statuses, len(statuses) if count is None else count, number, **values)
    return build_server_queue_view(page, CATALOGUE, messages, messages.text("cancel.unknown"))


CANCELLATION = Failed(problem=make_problem("cancelled", name="Mia"))


def make_status(state: QueueState, position: int = 0, **fields: Any) -> JobStatus:
    return JobStatus(make_job(make_request(prompt="a secret castle")), state, position, 0, 100, None, None, **fields)


def read_text(view: Any) -> str:
    return "\n".join(component["content"] for component in assert_fits_discord(view) if "content" in component)


@given(
    st.lists(jobs, max_size=PAGE_SIZE),
    st.sampled_from(QueueState),
    st.booleans(),
    any_messages,
    st.sampled_from(GuildQueueState),
    st.integers(1, 999),
    st.integers(0, 10**5),
)
def test_a_page_fits_discord(
    some_jobs: list[Job],
    state: QueueState,
    is_paused: bool,
    messages: Messages,
    guild_state: GuildQueueState,
    number: int,
    later_count: int,
) -> None:
    statuses = [
        JobStatus(job, state, 10**6, 9e9, 1e10, None, None, is_guild_paused=is_paused) for job in number_jobs(some_jobs)
    ]
    prices = {status.job.id: 10**12 for status in statuses[1:]}
    count = number * PAGE_SIZE + len(statuses) + later_count

    view = build_view(statuses, messages, count=count, number=number, prices=prices, state=guild_state)

    assert_fits_discord(view)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (make_status(QueueState.PREPARING), "getting ready"),
        (make_status(QueueState.QUEUED, 4), "waiting: number 4 for this model"),
        (make_status(QueueState.QUEUED, is_guild_paused=True), "paused"),
        (make_status(QueueState.RUNNING), "running"),
        (replace(make_status(QueueState.FINISHED), outcome=CANCELLATION), "cancelled"),
    ],
)
def test_a_request_is_shown_with_its_place_person_model_price_and_age_and_without_its_words(
    status: JobStatus, state: str
) -> None:
    text = read_text(build_view([status], prices={status.job.id: 65_000}, count=21, number=2))

    assert text.endswith(
        f"**21** · <@42> · SDXL 1.0 · $0.065 · <t:0:R>\n-# {state}".replace("$0.065", EN.format_price(0.065))
    )
    assert "secret" not in text


def test_whose_entry_of_a_contest_it_is_stays_secret() -> None:
    job = make_job(make_request()).model_copy(update={"entry": EntryRef(contest_id="7", round_number=1)})

    text = read_text(build_view([JobStatus(job, QueueState.RUNNING, 0, 0, 100, None, None)]))

    assert EN.text("moderation.job_entry") in text
    assert str(job.requester.id) not in text


def test_a_request_that_has_started_has_no_button_to_cancel_it() -> None:
    [running] = number_jobs([make_job(make_request())])
    statuses = [JobStatus(running, QueueState.RUNNING, 0, 0, 100, None, None), make_status(QueueState.QUEUED, 1)]

    custom_ids = [part["custom_id"] for part in assert_fits_discord(build_view(statuses)) if "custom_id" in part]

    assert custom_ids == ["server_queue_cancel:1442000000000000001:0", "server_queue:0"]


@pytest.mark.parametrize(
    ("number", "count", "pages"), [(0, 10, [0]), (0, 11, [0, 1]), (1, 11, [1, 0]), (1, 25, [1, 0, 2])]
)
def test_the_buttons_lead_to_the_pages_that_there_are(number: int, count: int, pages: list[int]) -> None:
    view = build_view([], count=count, number=number)

    custom_ids = [part["custom_id"] for part in assert_fits_discord(view) if "custom_id" in part]
    assert custom_ids == [f"server_queue:{page}" for page in pages]


@pytest.mark.parametrize(("guild_id", "cancelled"), [(1, [JOB_ID]), (2, [])])
async def test_only_requests_of_the_own_server_are_cancelled_whatever_id_a_client_sends(
    guild_id: int, cancelled: list[str]
) -> None:
    ended: list[str] = []

    class OneJob:
        async def load_statuses(self, job_ids: list[str]) -> list[JobStatus]:
            return [make_status(QueueState.QUEUED, 1)] if job_ids == [JOB_ID] else []

    class Cancellation:
        async def cancel_job(self, interaction: Any, settings: GenerationSettings) -> str:
            del interaction
            ended.append(settings.job_id)
            return "Cancelled"

    queue: Any = OneJob()
    cancellation: Any = Cancellation()
    commands = ServerQueueCommands(UNUSED, UNUSED, queue, cancellation, UNUSED, CATALOGUE)

    note = await commands._cancel_job(await make_interaction(guild_id=guild_id), JOB_ID)

    assert ended == cancelled
    assert note == ("Cancelled" if cancelled else EN.text("cancel.unknown"))


def test_a_page_says_what_it_cannot_show_and_that_the_queue_is_paused() -> None:
    text = read_text(build_view([make_status(QueueState.QUEUED, 1)], count=3, state=GuildQueueState.PAUSED))

    assert "There are 3 requests in the server's queue." in text
    assert "A moderator has paused it" in text
    assert "2 can't be shown" in text
