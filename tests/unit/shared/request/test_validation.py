"""A request held against its model's row: every field of the contract, its limits, and what goes with what."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalogue import Catalogue, load_catalogue
from shared.problems import RejectedError
from shared.request.model import (
    OPTION_NAMES,
    Request,
    adapt_to_model,
    build_request,
    build_request_with_defaults,
    build_upscale_requests,
    extract_settings,
    parse_extras,
    pick_seed,
)

CATALOGUE = load_catalogue()


def list_problem_codes(**asked: Any) -> list[str]:
    whole: dict[str, Any] = {"prompt": "a castle", "has_picture": True, **asked}
    try:
        build_request(CATALOGUE, **whole)
    except RejectedError as refused:
        return [problem.code for problem in refused.problems]
    return []


@pytest.mark.parametrize(
    ("field", "least", "most", "outside"),
    [
        ("keep", 0, 100, [-0.1, 100.1]),
        ("cfg_scale", 0, 35, [-1, 35.01]),
        ("steps", 10, 50, [9, 51]),
        ("seed", 0, 4294967295, [-1, 4294967296]),
        ("samples", 1, 1, [0, 2]),
    ],
)
def test_sdxl_takes_each_number_from_its_least_to_its_most(
    field: str, least: float, most: float, outside: list[float]
) -> None:
    for value in (least, most):
        assert list_problem_codes(model="sdxl", **{field: value}) == []
    for value in outside:
        assert list_problem_codes(model="sdxl", **{field: value}) == ["out_of_range"]


@pytest.mark.parametrize(
    ("field", "count"), [("clip_guidance_preset", 7), ("sampler", 10), ("style_preset", 17), ("init_image_mode", 2)]
)
def test_sdxl_takes_each_of_its_choices_and_no_other(field: str, count: int) -> None:
    choices = CATALOGUE.models["sdxl"].fields[field].choices

    assert len(choices) == count
    for choice in choices:
        assert list_problem_codes(model="sdxl", **{field: choice}) == []
    assert list_problem_codes(model="sdxl", **{field: "animé"}) == ["not_a_choice"]


def test_the_defaults_are_those_of_the_seed_contract() -> None:
    sdxl = CATALOGUE.models["sdxl"]
    request = build_request(CATALOGUE, model="sdxl", prompt="a castle", has_picture=True)

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


def test_the_step_schedule_goes_with_its_mode_alone() -> None:
    scheduled = {"model": "sdxl", "init_image_mode": "STEP_SCHEDULE"}

    assert list_problem_codes(**scheduled, step_schedule_start=0.9, step_schedule_end=0.1) == []
    assert list_problem_codes(**scheduled, step_schedule_start=0.1, step_schedule_end=0.9) == ["schedule_order"]
    assert list_problem_codes(**scheduled, step_schedule_end=0.7) == ["schedule_order"], "it starts at 0.65 by default"
    assert list_problem_codes(**scheduled, keep=50) == ["mode_conflict"]
    assert list_problem_codes(model="sdxl", step_schedule_start=0.9) == ["mode_conflict"]


def test_a_field_that_a_model_lacks_is_refused_naming_one_that_has_it() -> None:
    with pytest.raises(RejectedError) as refused:
        build_request(CATALOGUE, prompt="a castle", has_picture=True, steps=30)

    sentence = str(refused.value)
    assert "steps" in sentence
    assert "SD 3.5 Large" in sentence
    assert "SDXL 1.0" in sentence


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert list_problem_codes(prompt="a::x", keep=101, steps=5, seed=-1) == [
        "weight_not_a_number",
        "out_of_range",
        "out_of_range",
        "field_unsupported",
    ]


def test_prompt_lengths_count_for_each_text_of_sdxl_and_for_the_whole_of_the_others() -> None:
    assert list_problem_codes(model="sdxl", prompt="a" * 2000 + "|" + "b" * 2000) == []
    assert list_problem_codes(model="sdxl", prompt="a" * 2001) == ["prompt_too_long"]
    assert list_problem_codes(model="sdxl", negative="a" * 2001) == ["prompt_too_long"]
    assert list_problem_codes(prompt="a" * 10_000) == []
    assert list_problem_codes(prompt="a" * 9_000 + "|" + "b" * 1_000) == ["prompt_too_long"]


def test_models_without_weights_get_plain_prompts_and_refuse_other_weights() -> None:
    request = build_request(CATALOGUE, prompt="castle | fog | crowds::-1", negative="cars", has_picture=True)

    assert request.format_unweighted_prompts() == ("castle, fog", "crowds, cars")
    assert list_problem_codes(prompt="castle::1.2") == ["weight_unsupported"]
    assert list_problem_codes(prompt="crowds::-1") == ["prompt_only_negative"]
    assert list_problem_codes(model="sdxl", prompt="castle::1.2 | crowds::-0.8") == []


def test_pictures_are_asked_for_and_refused_as_the_row_says() -> None:
    assert list_problem_codes(model="stable-image-core") == ["picture_unsupported"]
    assert list_problem_codes(has_picture=False, keep=20, fit="pad") == ["picture_only_option", "picture_only_option"]
    assert list_problem_codes(has_picture=True, aspect_ratio="16:9") == ["text_only_option"]
    assert list_problem_codes(has_picture=False, aspect_ratio="16:9") == []


def test_fast_upscale_takes_a_picture_and_no_words() -> None:
    fast: dict[str, Any] = {"model": "fast-upscale", "prompt": None}
    request = build_request(CATALOGUE, **fast, has_picture=True)

    assert (request.text_prompts, request.format_unweighted_prompts()) == ((), ("", ""))
    assert pick_seed(request, CATALOGUE.models["fast-upscale"], random.Random(3)) is None
    assert list_problem_codes(**fast, output_format="webp") == []
    assert list_problem_codes(**fast, has_picture=False) == ["picture_required"]
    assert list_problem_codes(**fast, fit="pad") == ["fit_unsupported"]
    assert list_problem_codes(**fast | {"prompt": "a castle"}) == ["field_unsupported"]
    assert list_problem_codes(**fast, negative="crowds") == ["field_unsupported"]
    assert list_problem_codes(**fast, seed=1, creativity=0.2) == ["field_unsupported", "field_unsupported"]


def test_conservative_upscale_reads_a_prompt_and_how_much_to_invent() -> None:
    conservative = {"model": "conservative-upscale"}

    assert [list_problem_codes(**conservative, creativity=value) for value in (0.1, 0.5, None)] == [[], [], []]
    assert [list_problem_codes(**conservative, creativity=value) for value in (0.09, 0.51)] == [
        ["out_of_range"],
        ["out_of_range"],
    ]
    assert list_problem_codes(**conservative, prompt="") == ["prompt_empty"]
    assert list_problem_codes(**conservative, prompt="castle::1.2") == ["weight_unsupported"]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"creativity": 0.2}, "Conservative Upscale has it"),
        ({"steps": 30}, "SDXL 1.0 has it"),
        ({"model": "sdxl", "output_format": "png"}, "SD 3.5 Large / Stable Image Core has it"),
        ({"model": "fast-upscale", "prompt": None, "seed": 1}, "Conservative Upscale has it"),
        ({"model": "fast-upscale", "prompt": None, "keep": 50}, "SD 3.5 Large / SDXL 1.0 has it"),
    ],
)
def test_a_field_is_looked_for_in_models_of_the_same_task_and_then_in_the_others(
    asked: dict[str, Any], named: str
) -> None:
    whole: dict[str, Any] = {"prompt": "a castle", "has_picture": True, **asked}

    with pytest.raises(RejectedError, match=named):
        build_request(CATALOGUE, **whole)


def test_a_finished_request_is_upscaled_with_its_prompt_where_one_is_read() -> None:
    made = build_request(
        CATALOGUE, model="sdxl", prompt="castle::1.2 | crowds::-0.8 | fog::0", has_picture=False, steps=40
    )

    fast, conservative = build_upscale_requests(made, CATALOGUE)

    assert fast == Request(model="fast-upscale", text_prompts=(), has_picture=True)
    assert (conservative.model, conservative.has_picture) == ("conservative-upscale", True)
    assert [(p.text, p.weight) for p in conservative.text_prompts] == [("castle", 1), ("crowds", -1)]


def test_only_an_upscaler_that_is_offered_and_takes_the_request_is_asked() -> None:
    without = load_catalogue('[models."fast-upscale"]\noffered = false')
    negative = build_request(CATALOGUE, model="sdxl", prompt="crowds::-1", has_picture=False)
    gone = negative.model_copy(update={"model": "of-yesterday"})
    larger = build_request(CATALOGUE, model="conservative-upscale", prompt="x", has_picture=True)

    assert [asked.model for asked in build_upscale_requests(negative, CATALOGUE)] == ["fast-upscale"]
    assert [asked.model for asked in build_upscale_requests(gone, CATALOGUE)] == ["fast-upscale"]
    assert build_upscale_requests(negative, without) == ()
    assert build_upscale_requests(larger, CATALOGUE) == (), "it is as large as it gets"


def test_a_model_is_found_by_key_id_or_name_and_an_unknown_one_is_refused() -> None:
    for name in ("sdxl", "SDXL 1.0", "stability.stable-diffusion-xl-v1"):
        assert build_request(CATALOGUE, prompt="x", model=name, has_picture=False).model == "sdxl"
    assert list_problem_codes(model="dall-e") == ["model_unknown"]


def test_numbers_that_are_none_are_refused() -> None:
    assert list_problem_codes(model="sdxl", cfg_scale=float("nan")) == ["not_a_number"]
    assert list_problem_codes(model="sdxl", cfg_scale=float("inf")) == ["not_a_number"]


@pytest.mark.parametrize("written", ["[1]", "1", "{", '{"a": NaN}', "[" * 1500, '{"a":' * 300 + "1" + "}" * 300 + "x"])
def test_extras_must_be_a_small_json_object(written: str) -> None:
    with pytest.raises(RejectedError) as refused:
        parse_extras(written)

    assert refused.value.problems[0].code == "extras_not_object"


def test_extras_are_read_and_bounded() -> None:
    assert parse_extras('{"a": [1, "b"]}') == {"a": [1, "b"]}
    with pytest.raises(RejectedError):
        parse_extras('{"a": "' + "x" * 2000 + '"}')


def test_half_a_character_becomes_a_question_mark_in_words_and_is_refused_in_extras() -> None:
    request = build_request(CATALOGUE, prompt="a\ud800b", negative="\udc00", has_picture=True)

    assert [part.text for part in request.text_prompts] == ["a?b", "?"]
    assert request.model_dump_json()
    with pytest.raises(RejectedError):
        parse_extras('{"a": "\\ud800"}')


def test_the_chosen_seed_is_sent_and_another_is_drawn_where_there_is_none() -> None:
    sdxl = CATALOGUE.models["sdxl"]
    chance = random.Random(3)

    chosen = build_request(CATALOGUE, prompt="x", model="sdxl", has_picture=False, seed=4294967295)
    absent = build_request(CATALOGUE, prompt="x", model="sdxl", has_picture=False)
    zero = build_request(CATALOGUE, prompt="x", model="sdxl", has_picture=False, seed=0)

    assert pick_seed(chosen, sdxl, chance) == 4294967295
    assert len({pick_seed(absent, sdxl, chance), pick_seed(zero, sdxl, chance), pick_seed(zero, sdxl, chance)}) == 3


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
def test_whatever_is_asked_is_a_valid_request_or_is_refused_in_words(asked: dict[str, Any]) -> None:
    try:
        request = build_request(CATALOGUE, **asked)
    except RejectedError as refused:
        assert all(problem.format_message() for problem in refused.problems)
    else:
        assert Request.model_validate_json(request.model_dump_json()) == request


def test_an_operator_lays_a_file_over_the_table() -> None:
    ours: Catalogue = load_catalogue(
        '[models.sdxl]\nid = "arn:aws:bedrock:eu-west-1:1:provisioned-model/x"\nprice_usd = 0.05\n'
        "[models.sdxl.fields.steps]\nmaximum = 40\n"
    )

    assert ours.models["sdxl"].id.startswith("arn:")
    assert ours.models["sdxl"].price_usd == 0.05
    assert ours.models["sdxl"].fields["steps"].maximum == 40
    assert ours.models["sdxl"].fields["steps"].minimum == 10


@pytest.mark.parametrize(
    "written",
    ['default = "none"', "[models.sdxl]\nprize = 1", '[models.x]\nname = "X"', "[models.sdxl]\nprice_usd = -1"],
)
def test_a_file_that_makes_no_sense_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"default|prize|models|price"):
        load_catalogue(written)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('default = "fast-upscale"', "no model that is offered and paints"),
        ('[models."fast-upscale"]\ntask = "paint"', "what paints reads a prompt"),
        ('[models."fast-upscale"]\npicture = "optional"', "what upscales needs a picture"),
        ("[models.sdxl]\nsizes = []", "sizes or bounds are missing"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(written: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        load_catalogue(written)


def test_an_operator_may_take_upscalers_off_and_change_their_rows() -> None:
    ours = load_catalogue(
        '[models."fast-upscale"]\noffered = false\n[models."conservative-upscale"]\nprice_usd = 0.25\n'
        'regions = ["us-east-1"]\n[models."conservative-upscale".bounds]\nmax_side = 2000\n'
    )

    (row,) = ours.upscale_models
    assert (row.price_usd, row.regions) == (0.25, ("us-east-1",))
    assert row.bounds
    assert (row.bounds.max_side, row.bounds.min_side) == (2000, 64)
    assert [model.key for model in ours.generation_models] == [model.key for model in CATALOGUE.generation_models]


def test_a_request_is_carried_over_to_another_model_with_what_that_one_reads() -> None:
    made = build_request(
        CATALOGUE, prompt="a castle", model="sdxl", has_picture=True, keep=40, steps=20, fit="pad", seed=7
    )
    large = CATALOGUE.models["sd3.5-large"]

    same = adapt_to_model(made, CATALOGUE.models["sdxl"], CATALOGUE)
    other = adapt_to_model(made, large, CATALOGUE)
    further = adapt_to_model(made, large, CATALOGUE, from_result=True, keep=80)

    assert same.explicit_options() == {"keep": 40, "steps": 20, "fit": "pad"}
    assert (other.model, other.explicit_options()) == ("sd3.5-large", {"keep": 40, "fit": "pad"})
    assert further.explicit_options() == {"keep": 80}


def test_what_another_model_would_not_take_is_refused_in_words() -> None:
    made = build_request(CATALOGUE, prompt="a castle::1.4", model="sdxl", has_picture=True)

    with pytest.raises(RejectedError) as refused:
        adapt_to_model(made, CATALOGUE.models["sd3.5-large"], CATALOGUE)

    assert [wrong.code for wrong in refused.value.problems] == ["weight_unsupported"]


@pytest.mark.parametrize(
    ("written", "keep"), [("35", 35), (" 62,5 % ", 62.5), ("62.5%", 62.5), ("100\u00a0%", 100), ("0", 0)]
)
def test_a_number_may_be_written_as_people_write_it(written: str, keep: float) -> None:
    assert build_request(CATALOGUE, prompt="a", has_picture=True, keep=written).keep == keep


@pytest.mark.parametrize("written", ["much", "1e999", "nan", "", "12.5.1", "9" * 5000])
def test_what_is_no_number_is_refused_as_it_was_written(written: str) -> None:
    with pytest.raises(RejectedError) as refused:
        build_request(CATALOGUE, prompt="a", has_picture=True, keep=written, seed=written + "x")

    assert [p.code for p in refused.value.problems] == ["not_a_number", "not_a_number"]
    assert refused.value.problems[0].facts["value"] == written[:100]


def test_a_seed_that_is_written_beyond_all_bounds_is_out_of_range() -> None:
    with pytest.raises(RejectedError) as refused:
        build_request(CATALOGUE, prompt="a", has_picture=True, seed="9" * 400)

    assert [p.code for p in refused.value.problems] == ["out_of_range"]


def test_what_has_no_words_is_not_asked_of_a_model_that_reads_them() -> None:
    larger = Request(model="fast-upscale", text_prompts=(), has_picture=True)

    with pytest.raises(RejectedError) as refused:
        adapt_to_model(larger, CATALOGUE.models["sd3.5-large"], CATALOGUE)

    assert [p.code for p in refused.value.problems] == ["prompt_empty"]


def test_a_models_key_fits_in_a_custom_id() -> None:
    with pytest.raises(ValueError, match="key"):
        load_catalogue('[models."my model"]\nid = "m"')


PREFERRED = {"keep": 60.0, "style_preset": "anime", "model": "sdxl", "output_format": "webp", "gone": 1}


@pytest.mark.parametrize(
    ("written", "picture", "model", "filled"),
    [
        ({}, True, "sdxl", {"keep": 60, "style_preset": "anime"}),
        ({}, False, "sdxl", {"style_preset": "anime"}),
        ({"keep": 10, "style_preset": "origami"}, True, "sdxl", {"keep": 10, "style_preset": "origami"}),
        ({"model": "sd3.5-large"}, True, "sd3.5-large", {"keep": 60, "output_format": "webp"}),
        ({"output_format": "png"}, True, "sd3.5-large", {"keep": 60, "output_format": "png"}),
        (
            {"init_image_mode": "STEP_SCHEDULE"},
            True,
            "sdxl",
            {"init_image_mode": "STEP_SCHEDULE", "style_preset": "anime"},
        ),
    ],
)
def test_what_is_left_out_is_as_preferred_where_the_model_takes_it(
    written: dict[str, Any], picture: bool, model: str, filled: dict[str, Any]
) -> None:
    request = build_request_with_defaults(
        CATALOGUE, PREFERRED, prompt="a castle", negative=None, has_picture=picture, **written
    )

    assert (request.model, request.explicit_options()) == (model, filled)


def test_what_is_preferred_first_goes_before_the_rest_also_where_they_do_not_go_together() -> None:
    first = {"model": "sdxl", "step_schedule_start": 0.5, "init_image_mode": "STEP_SCHEDULE", "negative": "crowds"}

    request = build_request_with_defaults(CATALOGUE, first, PREFERRED, prompt="a castle", has_picture=True)

    assert request.explicit_options() == {
        "init_image_mode": "STEP_SCHEDULE",
        "step_schedule_start": 0.5,
        "style_preset": "anime",
    }
    assert [(p.text, p.weight) for p in request.text_prompts] == [("a castle", 1), ("crowds", -1)]


@pytest.mark.parametrize(
    "asked",
    [
        {"model": "sdxl", "has_picture": True, "keep": 62.5, "steps": 20, "seed": 7, "extras": {"a": 1}},
        {"model": "sdxl", "has_picture": True, "init_image_mode": "STEP_SCHEDULE", "step_schedule_end": 0.1},
        {"model": "sd3.5-large", "has_picture": False, "aspect_ratio": "16:9", "output_format": "webp", "seed": 7},
        {"model": "stable-image-core", "has_picture": False},
    ],
)
def test_the_settings_of_a_request_are_all_but_its_words_its_seed_and_extras(asked: dict[str, Any]) -> None:
    request = build_request(CATALOGUE, prompt="a castle", negative="crowds", **asked)

    again = build_request_with_defaults(
        CATALOGUE, extract_settings(request), prompt="a castle", has_picture=request.has_picture
    )

    assert again == request.model_copy(update={"seed": None, "extras": None})


def test_a_preferred_model_that_reads_no_picture_gives_way_to_a_picture() -> None:
    request = build_request_with_defaults(
        CATALOGUE, {"model": "stable-image-core"}, prompt="a castle", has_picture=True
    )

    assert request.model == "sd3.5-large"


def test_nobody_is_refused_for_what_they_prefer_but_for_what_they_wrote() -> None:
    with pytest.raises(RejectedError) as refused:
        build_request_with_defaults(CATALOGUE, PREFERRED, prompt="castle::much", steps=30, has_picture=True)

    assert [p.code for p in refused.value.problems] == ["weight_not_a_number"], "the preferred model has steps"


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
def test_whatever_is_preferred_a_plain_prompt_is_taken(preferred: dict[str, Any], picture: bool) -> None:
    request = build_request_with_defaults(CATALOGUE, preferred, prompt="a castle", has_picture=picture)

    assert CATALOGUE.models[request.model] in CATALOGUE.generation_models
