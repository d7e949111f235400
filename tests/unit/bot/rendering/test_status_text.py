"""The text of a status message in every state of its job."""

from dataclasses import replace

import pytest

from bot.domain.status import JobStatus, QueueState
from bot.rendering.status_text import format_duration, format_outcome_status, format_status
from shared.i18n.messages import list_languages, load_messages
from shared.job import SourceKind, TeamRef
from shared.outcome import Failed, Filtered, FilteredPart
from shared.problems import make_problem
from shared.request.model import Request
from tests.support.views import CATALOGUE, EN, FR, GENERATED, make_job, make_request


def make_status(
    state: QueueState,
    position: int = 0,
    estimated_seconds: float = 0,
    *,
    has_picture: bool = True,
    source_kind: SourceKind | None = None,
) -> JobStatus:
    job = make_job(make_request(has_picture=has_picture)).model_copy(update={"source_kind": source_kind})
    return JobStatus(job, state, position, estimated_seconds, 100.7, None, None, typical_seconds=23)


def test_a_status_names_whose_picture_the_request_goes_on_from() -> None:
    status = make_status(QueueState.PREPARING, source_kind=SourceKind.LATEST)
    job = status.job.model_copy(update={"source_owner_id": 42})

    lines = format_status(replace(status, job=job), EN, None).splitlines()

    assert lines[1:] == ["-# from <@42>’s picture", "Getting your picture ready."]


def test_a_status_names_the_team_for_which_the_request_is() -> None:
    status = make_status(QueueState.PREPARING)
    job = status.job.model_copy(update={"team": TeamRef(id=7, name="*Makers*")})

    assert format_status(replace(status, job=job), EN, None) == "-# for \\*Makers\\*\nGetting your picture ready."


@pytest.mark.parametrize(
    ("status", "english"),
    [
        (make_status(QueueState.PREPARING), "Getting your picture ready."),
        (make_status(QueueState.PREPARING, has_picture=False), "Getting your request ready."),
        (make_status(QueueState.QUEUED, 4, 42), "Waiting: number 4 in the queue, about 40 seconds to go."),
        (make_status(QueueState.QUEUED, 1, 3), "Waiting: you are next, a few seconds to go."),
        (make_status(QueueState.QUEUED, 0, 200), "Waiting for a free place, about 3 minutes to go."),
        (
            make_status(QueueState.RUNNING),
            "SDXL 1.0 is making the picture: started <t:100:R>, usually takes about 20 seconds.",
        ),
        (make_status(QueueState.FINISHED), "Done. The picture is on its way."),
    ],
)
def test_every_state_has_a_sentence_in_both_languages(status: JobStatus, english: str) -> None:
    assert format_status(status, EN, CATALOGUE.models["sdxl"]) == english
    assert format_status(status, FR, CATALOGUE.models["sdxl"]) != english


def test_people_who_wait_for_a_model_that_does_not_respond_are_told_so() -> None:
    status = replace(make_status(QueueState.QUEUED, 4, 42), is_model_paused=True)

    assert format_status(status, EN, CATALOGUE.models["sdxl"]).startswith("Waiting: SDXL 1.0 isn't responding")
    assert "sdxl ne répond pas" in format_status(status, FR, None)


@pytest.mark.parametrize("state", [QueueState.PREPARING, QueueState.QUEUED])
def test_people_who_wait_in_a_paused_server_are_told_so_before_anything_else(state: QueueState) -> None:
    status = replace(make_status(state), is_guild_paused=True, is_model_paused=True, has_worker=False)

    assert format_status(status, EN, None).startswith("Waiting: a moderator has paused this server's queue.")
    assert "en pause la file de ce serveur" in format_status(status, FR, None)


def test_a_model_that_left_the_catalogue_is_still_named() -> None:
    assert "sdxl is at work" in format_status(make_status(QueueState.RUNNING), EN, None)


@pytest.mark.parametrize("language", list_languages())
@pytest.mark.parametrize("state", [QueueState.PREPARING, QueueState.QUEUED, QueueState.RUNNING])
def test_the_status_of_an_open_job_says_from_which_picture_of_its_thread_it_starts(
    state: QueueState, language: str
) -> None:
    messages = load_messages(language)
    texts = {
        source_kind: format_status(make_status(state, 1, 20, source_kind=source_kind), messages, None)
        for source_kind in (None, *SourceKind)
    }

    assert len(set(texts.values())) == 4
    assert all(text.endswith(f"\n{texts[None]}") for source_kind, text in texts.items() if source_kind)


def test_the_status_of_an_ended_job_names_a_picture_by_its_prompt_and_nothing_else_by_it() -> None:
    job = make_job(make_request(prompt="a [castle]"))
    cancelled = Failed(problem=make_problem("cancelled", name="Ada"))
    filtered = Filtered(part=FilteredPart.PROMPT, duration_seconds=1)

    assert format_outcome_status(job, GENERATED, EN, "there") == "Done: [“a \\[castle\\]”](there) · <@42>"
    assert format_outcome_status(job, filtered, EN, "there") == "No picture this time: [see why](there)"
    assert format_outcome_status(job, cancelled, EN, "there") == "Cancelled: [see why](there)"
    assert format_outcome_status(job, GENERATED, EN, None) == f"Done: {EN.text('status.nowhere')}"
    private = format_outcome_status(job, GENERATED, FR, "ignored", is_private=True)
    assert private == f"C'est fait\u00a0: {FR.text('status.private')}"


def test_a_picture_without_a_prompt_has_a_name() -> None:
    job = make_job(Request(model="fast-upscale", text_prompts=(), has_picture=True))

    assert format_outcome_status(job, GENERATED, EN, "there") == "Done: [the picture](there) · <@42>"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "a few seconds"),
        (14, "about 10 seconds"),
        (60, "about a minute"),
        (86, "about a minute"),
        (91, "about 2 minutes"),
        (3500, "about an hour"),
        (7300, "about 2 hours"),
        (86000, "about a day"),
        (1e6, "about 12 days"),
    ],
)
def test_a_duration_is_rounded(seconds: float, text: str) -> None:
    assert format_duration(seconds, EN) == text
