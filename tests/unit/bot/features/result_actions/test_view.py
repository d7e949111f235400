"""The details of a picture show everything that is known, within Discord's limits."""

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.records import GenerationSettings, JobRecord
from bot.features.result_actions.view import build_details_view
from shared.i18n.messages import list_languages, load_messages
from shared.notes import make_note
from shared.prompts import TextPrompt
from shared.request.model import Request
from tests.support.views import (
    CATALOGUE,
    EN,
    LINK,
    any_text,
    assert_fits_discord,
    join_texts,
    make_job,
    make_request,
    requests,
)


def make_record(request: Request, cost_usd: float | None = 0.08) -> JobRecord:
    return JobRecord(make_job(request), "generated", 7, None, 0.0, duration_seconds=8.23, cost_usd=cost_usd)


@given(
    requests,
    any_text,
    st.none() | st.integers(-(10**900), 10**900),
    st.none() | st.integers(0, 2**64),
    st.sampled_from(list_languages()),
    st.booleans(),
)
def test_details_fit_discord_whatever_was_written(
    request: Request, job_id: str, seed: int | None, author_id: int | None, language: str, is_recorded: bool
) -> None:
    view = build_details_view(
        GenerationSettings(job_id, request, seed, author_id),
        CATALOGUE.models.get(request.model),
        load_messages(language),
        record=make_record(request, 1e9 / 3) if is_recorded else None,
        parent_link=LINK,
        picture_url=None if is_recorded else "https://cdn.discordapp.com/a.png",
    )

    assert_fits_discord(view)


def test_details_show_the_notes_of_the_job() -> None:
    request = make_request()
    job = make_job(request).model_copy(update={"notes": (make_note("weights_left_out", model="Core"),)})
    record = JobRecord(job, "generated", 7, None, 0.0)

    text = join_texts(build_details_view(record.settings, None, EN, record=record))

    assert "-# Core can't weigh words" in text


def test_details_show_everything_that_is_recorded() -> None:
    request = make_request(steps=40).model_copy(
        update={"text_prompts": (TextPrompt(text="a castle"), TextPrompt(text="crowds", weight=-1))}
    )
    settings = GenerationSettings("1442000000000000001", request, 7, author_id=42)

    text = join_texts(
        build_details_view(settings, CATALOGUE.models["sdxl"], EN, record=make_record(request), parent_link=LINK)
    )

    for part in (
        *("**prompt** a castle\n", "**negative** crowds", "```\n7\n```", "**steps** 40", "**model** SDXL 1.0"),
        *("stability.stable-diffusion-xl-v1", "<@42>", "<t:0:f>", "8.2\u00a0s", "$0.08", LINK, "1442000000000000001"),
    ):
        assert part in text


def test_details_from_a_pictures_metadata_leave_out_everything_that_only_a_record_has() -> None:
    text = join_texts(build_details_view(GenerationSettings("1", make_request(), 7), None, EN))

    assert "**model** sdxl" in text
    assert not any(part in text for part in ("None", "<@", "<t:", "cost", "made from", "Bedrock"))


def test_a_cost_that_is_not_recorded_is_called_unknown() -> None:
    settings, record = GenerationSettings("1", make_request(), 7), make_record(make_request(), None)

    assert "**cost** unknown" in join_texts(build_details_view(settings, None, EN, record=record))
