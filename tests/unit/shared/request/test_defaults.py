"""Presets and preferences fill in the options that were left out of a request."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.catalogue import load_catalogue
from shared.problems import RejectedError
from shared.request.builder import build_request
from shared.request.conversion import extract_settings
from shared.request.model import Fit
from tests.support.catalogues import SDXL_IN_IMAGINE

CATALOGUE = load_catalogue(SDXL_IN_IMAGINE)
SCHEDULED: dict[str, Any] = {"model": "sdxl", "init_image_mode": "STEP_SCHEDULE"}
PREFERENCES = {"keep": 60.0, "style_preset": "anime", "model": "sdxl", "output_format": "webp", "gone": 1}


@pytest.mark.parametrize(
    ("typed", "has_picture", "model", "options"),
    [
        ({}, True, "sdxl", {"keep": 60, "style_preset": "anime"}),
        ({}, False, "sdxl", {"style_preset": "anime"}),
        ({"keep": 10, "style_preset": "origami"}, True, "sdxl", {"keep": 10, "style_preset": "origami"}),
        (
            {"model": "sd3.5-large"},
            True,
            "sd3.5-large",
            {"keep": 60, "style_preset": "anime", "output_format": "webp"},
        ),
        (
            {"output_format": "png"},
            True,
            "sd3.5-large",
            {"keep": 60, "style_preset": "anime", "output_format": "png"},
        ),
        (
            {"init_image_mode": "STEP_SCHEDULE"},
            True,
            "sdxl",
            {"init_image_mode": "STEP_SCHEDULE", "style_preset": "anime"},
        ),
    ],
)
def test_missing_options_are_filled_in_from_the_preferences_that_fit(
    typed: dict[str, Any], has_picture: bool, model: str, options: dict[str, Any]
) -> None:
    request = build_request(
        CATALOGUE, PREFERENCES, prompt="a castle", negative=None, has_picture=has_picture, **typed
    ).request

    assert (request.model, request.explicit_options()) == (model, options)


def test_a_preset_goes_before_preferences_that_conflict_with_it() -> None:
    preset = {"model": "sdxl", "step_schedule_start": 0.5, "init_image_mode": "STEP_SCHEDULE", "negative": "crowds"}

    request = build_request(CATALOGUE, preset, PREFERENCES, prompt="a castle", has_picture=True).request

    assert request.explicit_options() == {
        "init_image_mode": "STEP_SCHEDULE",
        "step_schedule_start": 0.5,
        "style_preset": "anime",
    }
    assert [(p.text, p.weight) for p in request.text_prompts] == [("a castle", 1), ("crowds", -1)]


@pytest.mark.parametrize(
    "typed",
    [
        {"model": "sdxl", "has_picture": True, "keep": 62.5, "steps": 20, "seed": 7, "extras": {"a": 1}},
        {"model": "sdxl", "has_picture": True, "init_image_mode": "STEP_SCHEDULE", "step_schedule_end": 0.1},
        {"model": "sd3.5-large", "has_picture": False, "aspect_ratio": "16:9", "output_format": "webp", "seed": 7},
        {"model": "stable-image-core", "has_picture": False},
    ],
)
def test_the_extracted_settings_of_a_request_build_it_again_except_for_seed_and_extras(typed: dict[str, Any]) -> None:
    request = build_request(CATALOGUE, prompt="a castle", negative="crowds", **typed).request

    rebuilt = build_request(
        CATALOGUE, extract_settings(request), prompt="a castle", has_picture=request.has_picture
    ).request

    assert rebuilt == request.model_copy(update={"seed": None, "extras": None})


def test_a_preferred_model_that_reads_no_picture_is_ignored_if_there_is_one() -> None:
    request = build_request(CATALOGUE, {"model": "stable-image-core"}, prompt="a castle", has_picture=True).request

    assert request.model == "sd3.5-large"


def test_only_typed_options_are_rejected_and_a_preferred_model_may_make_them_valid() -> None:
    with pytest.raises(RejectedError) as rejection:
        build_request(CATALOGUE, PREFERENCES, prompt="castle::1.2.3", steps=30, has_picture=True)

    assert [p.code for p in rejection.value.problems] == ["weight_not_a_number"], "the preferred model has steps"


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "model": st.sampled_from([*CATALOGUE.models, "a model of yesterday"]),
            "keep": st.floats(-10, 110),
            "fit": st.sampled_from(["crop", "pad", "stretch"]),
            "style_preset": st.text(max_size=5),
            "output_format": st.sampled_from(["png", "gif"]),
            "init_image_mode": st.sampled_from(["STEP_SCHEDULE", "IMAGE_STRENGTH"]),
            "an option of yesterday": st.just(1),
        },
    ),
    st.booleans(),
)
def test_no_preference_makes_a_plain_prompt_invalid(preferences: dict[str, Any], has_picture: bool) -> None:
    request = build_request(CATALOGUE, preferences, prompt="a castle", has_picture=has_picture).request

    assert CATALOGUE.models[request.model] in CATALOGUE.generation_models


def test_typed_options_win_over_the_preset_and_that_over_preferences_and_the_models_defaults() -> None:
    preset = {"model": "sdxl", "steps": 20, "cfg_scale": 10.0}
    preferences = {"model": "sd3.5-large", "steps": 25, "cfg_scale": 12.0, "keep": 60.0}

    request = build_request(CATALOGUE, preset, preferences, prompt="a castle", has_picture=True, steps="15").request

    assert (request.model, request.steps, request.cfg_scale, request.keep) == ("sdxl", 15, 10, 60)
    assert request.clip_guidance_preset is None
    assert request.resolve_value("clip_guidance_preset", CATALOGUE.models["sdxl"]) == "NONE"


@pytest.mark.parametrize(
    ("typed", "has_picture", "preference"),
    [
        ({"model": "sd3.5-large"}, True, {"steps": 20}),
        ({"model": "sd3.5-large"}, True, {"output_format": "gif"}),
        ({"model": "sdxl"}, True, {"cfg_scale": 35.5}),
        ({"model": "sdxl"}, True, {"cfg_scale": "much"}),
        ({"model": "sdxl"}, True, {"step_schedule_start": 0.5}),
        ({"model": "sdxl"}, True, {"aspect_ratio": "16:9"}),
        (SCHEDULED, True, {"keep": 60.0}),
        (SCHEDULED, True, {"step_schedule_end": 0.65}),
        (
            {"model": "sdxl", "init_image_mode": "STEP_SCHEDULE", "step_schedule_end": 0.5},
            True,
            {"step_schedule_start": 0.5},
        ),
        ({"model": "sdxl", "keep": 50}, True, {"init_image_mode": "STEP_SCHEDULE"}),
        ({"model": "sdxl"}, False, {"keep": 60.0}),
        ({"model": "sdxl"}, False, {"init_image_mode": "IMAGE_STRENGTH"}),
        ({"model": "sdxl"}, False, {"fit": "pad"}),
        ({"model": "fast-upscale", "prompt": None}, True, {"fit": "pad"}),
        ({"model": "fast-upscale", "prompt": None}, True, {"negative": "crowds"}),
        ({"model": "sdxl"}, True, {"negative": "x" * 2001}),
        ({"negative": "x" * 9000}, True, {"model": "sdxl"}),
        ({"prompt": "castle | " + "x" * 9990 + "::-1"}, True, {"negative": "x" * 9}),
    ],
)
def test_a_preference_that_does_not_fit_is_ignored(
    typed: dict[str, Any], has_picture: bool, preference: dict[str, Any]
) -> None:
    options: dict[str, Any] = {"prompt": "castle", **typed}

    request = build_request(CATALOGUE, preference, has_picture=has_picture, **options).request

    assert request == build_request(CATALOGUE, has_picture=has_picture, **options).request


@pytest.mark.parametrize(
    ("typed", "preferences", "options"),
    [
        ({"step_schedule_end": 0.2}, {"init_image_mode": "STEP_SCHEDULE"}, {"init_image_mode": "STEP_SCHEDULE"}),
        ({"init_image_mode": "STEP_SCHEDULE"}, {"step_schedule_start": 0.9}, {"step_schedule_start": 0.9}),
        ({"init_image_mode": "STEP_SCHEDULE"}, {"step_schedule_end": 0.6}, {"step_schedule_end": 0.6}),
        ({}, {"keep": "62,5 %", "fit": "pad"}, {"keep": 62.5, "fit": Fit.PAD}),
    ],
)
def test_a_preference_may_complete_the_typed_options(
    typed: dict[str, Any], preferences: dict[str, Any], options: dict[str, Any]
) -> None:
    request = build_request(CATALOGUE, preferences, prompt="a castle", model="sdxl", has_picture=True, **typed).request

    assert request.explicit_options() == typed | options


def test_a_negative_prompt_is_added_to_the_typed_ones_if_the_whole_is_short_enough() -> None:
    prompt = "castle | " + "x" * 9990 + "::-1"

    request = build_request(CATALOGUE, {"negative": "12345678"}, prompt=prompt, has_picture=True).request

    _, negative = request.format_unweighted_prompts()
    assert len(negative) == 10_000


OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "model": st.sampled_from([*(row.key for row in CATALOGUE if row.task != "edit"), "a model of yesterday"]),
    "negative": st.sampled_from(["crowds", "x" * 3000, "x" * 10_001]),
    "fit": st.sampled_from(["crop", "pad"]),
    "keep": st.floats(-10, 110),
    "init_image_mode": st.sampled_from(["STEP_SCHEDULE", "IMAGE_STRENGTH", "?"]),
    "step_schedule_start": st.floats(-1, 2),
    "step_schedule_end": st.floats(-1, 2),
    "cfg_scale": st.floats(-5, 40),
    "steps": st.integers(0, 60),
    "style_preset": st.sampled_from(["anime", "?"]),
    "output_format": st.sampled_from(["png", "gif"]),
    "aspect_ratio": st.sampled_from(["16:9", "?"]),
    "creativity": st.floats(0, 1),
}


@example(  # a model that a later default names would take one problem away, and not read the negative prompt
    {"has_picture": True, "init_image_mode": "STEP_SCHEDULE"}, [{"negative": "x" * 3000}, {"model": "sdxl"}]
)
@given(
    st.fixed_dictionaries({"has_picture": st.booleans()}, optional=OPTIONS),
    st.lists(st.fixed_dictionaries({}, optional=OPTIONS), max_size=2),
)
def test_a_rejection_never_names_an_option_that_was_not_typed(
    typed: dict[str, Any], defaults: list[dict[str, Any]]
) -> None:
    try:
        build_request(CATALOGUE, *defaults, prompt="a castle", **typed)
    except RejectedError as rejection:
        fields = {str(problem.facts["field"]) for problem in rejection.problems if "field" in problem.facts}
        assert {field.removesuffix(" prompt") for field in fields} <= {"prompt", *typed}
