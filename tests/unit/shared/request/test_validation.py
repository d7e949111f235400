"""Validation against the model's row: every field's limits, and which options go together."""

import random
from typing import Any

import pytest

from shared.catalogue import load_catalogue
from shared.notes import make_note
from shared.problems import RejectedError
from shared.request.builder import build_request, pick_seed
from shared.request.expression import format_prompts_for_model
from tests.support.catalogues import SDXL_IN_IMAGINE, SDXL_OFFERED

CATALOGUE = load_catalogue(SDXL_IN_IMAGINE)


def list_problem_codes(**options: Any) -> list[str]:
    typed: dict[str, Any] = {"prompt": "a castle", "has_picture": True, **options}
    try:
        build_request(CATALOGUE, **typed)
    except RejectedError as rejection:
        return [problem.code for problem in rejection.problems]
    return []


@pytest.mark.parametrize(
    ("field", "minimum", "maximum", "outside"),
    [
        ("keep", 0, 100, [-0.1, 100.1]),
        ("cfg_scale", 0, 35, [-1, 35.01]),
        ("steps", 10, 50, [9, 51]),
        ("seed", 0, 4294967295, [-1, 4294967296]),
        ("samples", 1, 1, [0, 2]),
    ],
)
def test_sdxl_accepts_each_number_from_its_minimum_to_its_maximum(
    field: str, minimum: float, maximum: float, outside: list[float]
) -> None:
    for value in (minimum, maximum):
        assert list_problem_codes(model="sdxl", **{field: value}) == []
    for value in outside:
        assert list_problem_codes(model="sdxl", **{field: value}) == ["out_of_range"]


@pytest.mark.parametrize(
    ("field", "count"), [("clip_guidance_preset", 7), ("sampler", 10), ("style_preset", 17), ("init_image_mode", 2)]
)
def test_sdxl_accepts_each_of_its_choices_and_no_other_value(field: str, count: int) -> None:
    choices = CATALOGUE.models["sdxl"].fields[field].choices

    assert len(choices) == count
    for choice in choices:
        assert list_problem_codes(model="sdxl", **{field: choice}) == []
    assert list_problem_codes(model="sdxl", **{field: "animé"}) == ["not_a_choice"]


def test_the_step_schedule_is_only_valid_in_its_own_mode() -> None:
    scheduled = {"model": "sdxl", "init_image_mode": "STEP_SCHEDULE"}

    assert list_problem_codes(**scheduled, step_schedule_start=0.9, step_schedule_end=0.1) == []
    assert list_problem_codes(**scheduled, step_schedule_start=0.1, step_schedule_end=0.9) == ["schedule_order"]
    assert list_problem_codes(**scheduled, step_schedule_end=0.7) == ["schedule_order"], "it starts at 0.65 by default"
    assert list_problem_codes(**scheduled, keep=50) == ["mode_conflict"]
    assert list_problem_codes(model="sdxl", step_schedule_start=0.9) == ["mode_conflict"]


def test_the_rejection_of_an_unsupported_field_names_a_model_that_has_it() -> None:
    with pytest.raises(RejectedError) as rejection:
        build_request(CATALOGUE, prompt="a castle", has_picture=True, steps=30)

    sentence = str(rejection.value)
    assert "steps" in sentence
    assert "SD 3.5 Large" in sentence
    assert "SDXL 1.0" in sentence


def test_all_problems_are_reported_at_once() -> None:
    assert list_problem_codes(prompt="a::1.2.3", keep=101, steps=5, seed=-1) == [
        "weight_not_a_number",
        "out_of_range",
        "out_of_range",
        "field_unsupported",
    ]


def test_the_prompt_limit_applies_to_each_text_of_sdxl_and_to_the_whole_prompt_of_other_models() -> None:
    assert list_problem_codes(model="sdxl", prompt="a" * 2000 + "|" + "b" * 2000) == []
    assert list_problem_codes(model="sdxl", prompt="a" * 2001) == ["prompt_too_long"]
    assert list_problem_codes(model="sdxl", negative="a" * 2001) == ["prompt_too_long"]
    assert list_problem_codes(prompt="a" * 10_000) == []
    assert list_problem_codes(prompt="a" * 9_000 + "|" + "b" * 1_000) == ["prompt_too_long"]


def test_a_model_without_weights_reads_weighted_parts_as_plain_words_and_things_to_avoid() -> None:
    request = build_request(CATALOGUE, prompt="castle | fog | crowds::-1", negative="cars", has_picture=True).request

    assert request.format_unweighted_prompts() == ("castle, fog", "crowds, cars")
    weighted = build_request(CATALOGUE, prompt="castle::1.2 | rain::0 | crowds::-0.8", has_picture=True)
    assert weighted.request.format_unweighted_prompts() == ("castle", "crowds")
    assert weighted.notes == (make_note("weights_left_out", model="SD 3.5 Large"),)
    assert list_problem_codes(prompt="crowds::-1") == ["prompt_only_negative"]
    assert list_problem_codes(prompt="crowds::0") == ["prompt_only_negative"]
    assert list_problem_codes(model="sdxl", prompt="castle::1.2 | crowds::-0.8") == []


def test_a_picture_is_required_or_rejected_as_the_model_says() -> None:
    assert list_problem_codes(model="stable-image-core") == ["picture_unsupported"]
    assert list_problem_codes(has_picture=False, keep=20, fit="pad") == ["picture_only_option", "picture_only_option"]
    assert list_problem_codes(has_picture=True, aspect_ratio="16:9") == ["text_only_option"]
    assert list_problem_codes(has_picture=False, aspect_ratio="16:9") == []


def test_fast_upscale_takes_a_picture_and_no_prompt() -> None:
    fast: dict[str, Any] = {"model": "fast-upscale", "prompt": None}
    request = build_request(CATALOGUE, **fast, has_picture=True).request

    assert (request.text_prompts, request.format_unweighted_prompts()) == ((), ("", ""))
    assert pick_seed(request, CATALOGUE.models["fast-upscale"], random.Random(3)) is None
    assert list_problem_codes(**fast, output_format="webp") == []
    assert list_problem_codes(**fast, has_picture=False) == ["picture_required"]
    assert list_problem_codes(**fast, fit="pad") == ["fit_unsupported"]
    assert list_problem_codes(**fast | {"prompt": "a castle"}) == ["field_unsupported"]
    assert list_problem_codes(**fast, negative="crowds") == ["field_unsupported"]
    assert list_problem_codes(**fast, seed=1, creativity=0.2) == ["field_unsupported", "field_unsupported"]


def test_conservative_upscale_reads_a_prompt_and_its_creativity() -> None:
    conservative = {"model": "conservative-upscale"}

    assert [list_problem_codes(**conservative, creativity=value) for value in (0.1, 0.5, None)] == [[], [], []]
    assert [list_problem_codes(**conservative, creativity=value) for value in (0.09, 0.51)] == [
        ["out_of_range"],
        ["out_of_range"],
    ]
    assert list_problem_codes(**conservative, prompt="") == ["prompt_empty"]
    assert list_problem_codes(**conservative, prompt="castle::1.2") == []


@pytest.mark.parametrize(
    ("options", "models"),
    [
        ({"steps": 30}, "SDXL 1.0"),
        ({"model": "sdxl", "output_format": "png"}, "SD 3.5 Large / Stable Image Core / Stable Image Ultra"),
        ({"model": "fast-upscale", "prompt": None, "seed": 1}, "Conservative Upscale / Creative Upscale"),
    ],
)
def test_an_unsupported_field_is_suggested_from_models_of_the_same_task(options: dict[str, Any], models: str) -> None:
    typed: dict[str, Any] = {"prompt": "a castle", "has_picture": True, **options}

    with pytest.raises(RejectedError, match=models) as rejection:
        build_request(CATALOGUE, **typed)

    assert rejection.value.problems[0].facts["models"] == models


def test_no_model_is_suggested_that_people_cannot_choose() -> None:
    for catalogue in (load_catalogue(), load_catalogue(SDXL_OFFERED)):
        with pytest.raises(RejectedError) as rejection:
            build_request(catalogue, prompt="a castle", has_picture=False, steps=30, creativity=0.2)

        assert [problem.code for problem in rejection.value.problems] == ["field_unsupported_anywhere"] * 2


def test_a_style_is_said_in_the_prompt_of_a_model_without_styles_and_counts_in_its_length() -> None:
    built = build_request(CATALOGUE, prompt="a castle | fog | crowds::-1", has_picture=True, style_preset="anime")
    sd35 = CATALOGUE.models["sd3.5-large"]

    assert format_prompts_for_model(built.request, sd35) == ("a castle, fog, anime style", "crowds")
    assert built.notes == (make_note("style_in_words", model="SD 3.5 Large", words="anime style"),)
    assert list_problem_codes(prompt="a" * 9_990, style_preset="anime") == ["prompt_too_long"]
    assert list_problem_codes(prompt="crowds::-1", style_preset="anime") == ["prompt_only_negative"]
    assert list_problem_codes(style_preset="cubist") == ["not_a_choice"]
    assert build_request(CATALOGUE, model="sdxl", prompt="x", has_picture=True, style_preset="anime").notes == ()
