"""Building a request from typed options."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalogue import load_catalogue
from shared.i18n.messages import describe_problem
from shared.problems import RejectedError
from shared.prompts import TextPrompt
from shared.request.builder import build_request, pick_seed
from shared.request.model import OPTION_NAMES, Request

CATALOGUE = load_catalogue()


def list_problem_codes(**options: Any) -> list[str]:
    typed: dict[str, Any] = {"prompt": "a castle", "has_picture": True, **options}
    try:
        build_request(CATALOGUE, **typed)
    except RejectedError as rejection:
        return [problem.code for problem in rejection.problems]
    return []


def test_sdxl_has_the_documented_defaults() -> None:
    sdxl = CATALOGUE.models["sdxl"]
    request = build_request(CATALOGUE, model="sdxl", prompt="a castle", has_picture=True).request

    defaults = {
        name: request.resolve_value(name, sdxl)
        for name in OPTION_NAMES
        if request.resolve_value(name, sdxl) is not None
    }

    assert defaults == {
        "keep": 35,
        "init_image_mode": "IMAGE_STRENGTH",
        "step_schedule_start": 0.65,
        "cfg_scale": 7,
        "clip_guidance_preset": "NONE",
        "samples": 1,
        "steps": 30,
        "aspect_ratio": "1:1",
    }


def test_a_model_is_found_by_key_id_or_name_and_an_unknown_one_is_rejected() -> None:
    for name in ("sdxl", "SDXL 1.0", "stability.stable-diffusion-xl-v1"):
        assert build_request(CATALOGUE, prompt="x", model=name, has_picture=False).request.model == "sdxl"
    assert list_problem_codes(model="dall-e") == ["model_unknown"]


def test_numbers_that_are_not_finite_are_rejected() -> None:
    assert list_problem_codes(model="sdxl", cfg_scale=float("nan")) == ["not_a_number"]
    assert list_problem_codes(model="sdxl", cfg_scale=float("inf")) == ["not_a_number"]


@pytest.mark.parametrize(
    ("text", "keep"), [("35", 35), (" 62,5 % ", 62.5), ("62.5%", 62.5), ("100\u00a0%", 100), ("0", 0)]
)
def test_numbers_may_be_written_with_a_comma_and_a_percent_sign(text: str, keep: float) -> None:
    assert build_request(CATALOGUE, prompt="a", has_picture=True, keep=text).request.keep == keep


@pytest.mark.parametrize("text", ["62,5", "\uff16\uff12\uff0e\uff15", "+62.5", "62.5\u00a0\uff05", "\u200e62,5"])
def test_numbers_are_read_as_people_write_them(text: str) -> None:
    assert build_request(CATALOGUE, prompt="a", has_picture=True, keep=text).request.keep == 62.5


@pytest.mark.parametrize(
    ("text", "seed"), [("4\u202f294\u202f967\u202f294", 4294967294), ("1 000", 1000), ("\uff17", 7), (" 7 ", 7)]
)
def test_a_whole_number_may_have_spaces_between_groups_of_digits(text: str, seed: int) -> None:
    assert build_request(CATALOGUE, prompt="a", has_picture=True, seed=text).request.seed == seed


def test_a_minus_sign_is_one_however_it_was_typed() -> None:
    for minus in "-\u2212\u2013\uff0d":
        with pytest.raises(RejectedError) as rejection:
            build_request(CATALOGUE, prompt="a", has_picture=True, keep=f"{minus}1,5", seed=f"{minus}1")
        assert [(p.code, p.facts["value"]) for p in rejection.value.problems] == [
            ("out_of_range", "-1.5"),
            ("out_of_range", "-1"),
        ]


@pytest.mark.parametrize("text", ["1,5", "1.0", "1,000", "12 34", "\u00bd", "1_0"])
def test_a_whole_number_is_never_guessed(text: str) -> None:
    assert list_problem_codes(seed=text) == ["not_a_number"]


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u2060\ufeff", "\u3164", "\u2800", "\u200d", "\ufe0f", "\x00"])
def test_a_prompt_that_shows_nothing_is_empty(text: str) -> None:
    assert list_problem_codes(prompt=text) == ["prompt_empty"]
    assert build_request(CATALOGUE, prompt="a", negative=text, has_picture=False).request.text_prompts == (
        TextPrompt(text="a"),
    )
    assert build_request(CATALOGUE, {"negative": text}, prompt="a", has_picture=False).request.text_prompts == (
        TextPrompt(text="a"),
    )
    assert build_request(CATALOGUE, model="fast-upscale", prompt=text, has_picture=True).request.text_prompts == ()


@pytest.mark.parametrize("text", ["much", "1e999", "nan", "", "12.5.1", "9" * 5000])
def test_the_rejection_of_an_invalid_number_quotes_it(text: str) -> None:
    with pytest.raises(RejectedError) as rejection:
        build_request(CATALOGUE, prompt="a", has_picture=True, keep=text, seed=text + "x")

    assert [p.code for p in rejection.value.problems] == ["not_a_number", "not_a_number"]
    assert rejection.value.problems[0].facts["value"] == text[:100]


def test_a_seed_of_hundreds_of_digits_is_out_of_range() -> None:
    with pytest.raises(RejectedError) as rejection:
        build_request(CATALOGUE, prompt="a", has_picture=True, seed="9" * 400)

    assert [p.code for p in rejection.value.problems] == ["out_of_range"]


def test_a_chosen_seed_is_used_and_a_random_one_if_there_is_none() -> None:
    sdxl = CATALOGUE.models["sdxl"]
    rng = random.Random(3)

    chosen = build_request(CATALOGUE, prompt="x", model="sdxl", has_picture=False, seed=4294967295).request
    absent = build_request(CATALOGUE, prompt="x", model="sdxl", has_picture=False).request
    zero = build_request(CATALOGUE, prompt="x", model="sdxl", has_picture=False, seed=0).request

    assert pick_seed(chosen, sdxl, rng) == 4294967295
    assert len({pick_seed(absent, sdxl, rng), pick_seed(zero, sdxl, rng), pick_seed(zero, sdxl, rng)}) == 3


def test_half_a_surrogate_pair_becomes_a_question_mark_in_prompts() -> None:
    request = build_request(CATALOGUE, prompt="a\ud800b", negative="\udc00", has_picture=True).request

    assert [part.text for part in request.text_prompts] == ["a?b", "?"]
    assert request.model_dump_json()


@given(
    st.fixed_dictionaries(
        {"prompt": st.text(max_size=40), "has_picture": st.booleans()},
        optional={
            "model": st.sampled_from([*CATALOGUE.models, "?"]),
            "negative": st.text(max_size=10),
            "keep": st.floats(),
            "seed": st.integers(),
            "steps": st.integers(),
            "cfg_scale": st.floats(),
            "style_preset": st.sampled_from(["anime", "enhance", "none"]),
            "init_image_mode": st.sampled_from(["IMAGE_STRENGTH", "STEP_SCHEDULE"]),
            "step_schedule_start": st.floats(),
            "aspect_ratio": st.sampled_from(["1:1", "7:1"]),
            "creativity": st.floats(),
        },
    )
)
def test_any_input_becomes_a_valid_request_or_a_rejection_with_messages(typed: dict[str, Any]) -> None:
    try:
        request = build_request(CATALOGUE, **typed).request
    except RejectedError as rejection:
        assert all(describe_problem(problem) for problem in rejection.problems)
    else:
        assert Request.model_validate_json(request.model_dump_json()) == request
