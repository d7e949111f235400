"""What is known of a picture is shown whole, and within Discord's limits whatever it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.records import GenerationSettings, JobRecord
from bot.features.result_actions.view import build_details_view
from bot.rendering.settings_text import format_price
from shared.i18n.messages import list_languages, load_messages
from shared.prompts import TextPrompt
from shared.request.model import Request
from tests.unit.bot.rendering.test_outcome_views import (
    CATALOGUE,
    EN,
    FR,
    any_text,
    list_texts,
    make_job,
    make_request,
    requests,
    utf16_length,
)

LINK = "https://discord.com/channels/1/2/3"


def make_record(request: Request, cost: float | None = 0.08) -> JobRecord:
    return JobRecord(make_job(request), "generated", 7, None, 0.0, duration_seconds=8.23, cost_usd=cost)


@given(
    requests,
    any_text,
    st.none() | st.integers(-(10**900), 10**900),
    st.none() | st.integers(0, 2**64),
    st.sampled_from(list_languages()),
    st.booleans(),
)
def test_details_fit_discord_whatever_was_written(
    request: Request, job_id: str, seed: int | None, author: int | None, language: str, known: bool
) -> None:
    recipe = GenerationSettings(job_id, request, seed, author)
    model = CATALOGUE.models.get(request.model)

    phrases, picture = load_messages(language), None if known else "https://cdn.discordapp.com/a.png"

    view = build_details_view(
        recipe,
        model,
        phrases,
        record=make_record(request, 1e9 / 3) if known else None,
        parent_link=LINK,
        picture_url=picture,
    )

    assert sum(map(utf16_length, list_texts(view))) <= 4000
    assert all(list_texts(view))
    assert view.total_children_count <= 40


def test_details_say_everything_that_the_records_know() -> None:
    request = make_request(steps=40).model_copy(
        update={"text_prompts": (TextPrompt(text="a castle"), TextPrompt(text="crowds", weight=-1))}
    )
    recipe = GenerationSettings("1442000000000000001", request, 7, author_id=42)

    said = "\n".join(
        list_texts(
            build_details_view(recipe, CATALOGUE.models["sdxl"], EN, record=make_record(request), parent_link=LINK)
        )
    )

    for part in (
        *("**prompt** a castle\n", "**negative** crowds", "```\n7\n```", "**steps** 40", "**model** SDXL 1.0"),
        *("stability.stable-diffusion-xl-v1", "<@42>", "<t:0:f>", "8.2\u00a0s", "$0.08", LINK, "1442000000000000001"),
    ):
        assert part in said


def test_details_from_a_pictures_own_words_leave_out_what_only_the_records_know() -> None:
    said = "\n".join(list_texts(build_details_view(GenerationSettings("1", make_request(), 7), None, EN)))

    assert "**model** sdxl" in said
    assert not any(words in said for words in ("None", "<@", "<t:", "cost", "continues from", "Bedrock"))


def test_a_cost_that_nobody_knows_is_called_unknown() -> None:
    said = "\n".join(
        list_texts(
            build_details_view(
                GenerationSettings("1", make_request(), 7), None, EN, record=make_record(make_request(), None)
            )
        )
    )

    assert "**cost** unknown" in said


@pytest.mark.parametrize(
    ("dollars", "english", "french"), [(0.4, "$0.40", "0,40\u00a0$"), (0.0035, "$0.0035", "0,0035\u00a0$")]
)
def test_a_price_is_written_as_the_language_does(dollars: float, english: str, french: str) -> None:
    assert (format_price(dollars, EN), format_price(dollars, FR)) == (english, french)
