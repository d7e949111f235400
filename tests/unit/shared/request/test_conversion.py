"""Conversion of requests to other models and to upscales."""

from datetime import date
from typing import Any

import pytest

from shared.catalogue import load_catalogue
from shared.problems import RejectedError
from shared.request.builder import build_request
from shared.request.conversion import (
    FINISH_KEEP,
    adapt_to_model,
    build_finish_requests,
    build_upscale_requests,
    extract_settings,
    find_alternative_models,
)
from shared.request.expression import format_prompts_for_model
from shared.request.model import MaskKind, Request
from tests.support.catalogues import SDXL_OFFERED

CATALOGUE = load_catalogue()
TODAY = date(2026, 11, 30)
SECOND_INPAINT = """
[models.inpaint2]
name = "Inpaint 2"
id = "us.stability.inpaint-2"
task = "edit"
operation = "inpaint"
dialect = "image-service"
regions = ["us-east-1"]
price_usd = 0.05
picture = "required"
mask = "required"
streaming = false
typical_seconds = 5
concurrency = 1
per_minute = 0
bounds = { min_side = 64, max_pixels = 1000000, max_aspect = 2 }
fields = { prompt = { limit = 100 } }
"""


def test_an_upscale_request_carries_the_prompt_if_the_upscaler_reads_one() -> None:
    request = build_request(
        CATALOGUE, model="sdxl", prompt="castle::1.2 | crowds::-0.8 | fog::0", has_picture=False, steps=40
    ).request

    fast, conservative, creative = build_upscale_requests(request, CATALOGUE)

    assert fast == Request(model="fast-upscale", text_prompts=(), has_picture=True)
    assert (conservative.model, conservative.has_picture) == ("conservative-upscale", True)
    row = CATALOGUE.models["conservative-upscale"]
    assert [(p.text, p.weight) for p in conservative.text_prompts] == [("castle", 1.2), ("crowds", -0.8)]
    assert format_prompts_for_model(conservative, row) == ("(castle:1.2)", "crowds"), "this model reads (word:weight)"
    assert creative.model == "creative-upscale"
    plain = load_catalogue('[models."conservative-upscale".fields.prompt]\nemphasis = false')
    [_, without, _] = build_upscale_requests(request, plain)
    assert [(p.text, p.weight) for p in without.text_prompts] == [("castle", 1), ("crowds", -1)]


def test_only_offered_upscalers_that_take_the_request_are_suggested() -> None:
    only_conservative = load_catalogue('[models."fast-upscale"]\noffered = false')
    negative = build_request(CATALOGUE, model="sdxl", prompt="crowds::-1", has_picture=False).request
    gone = negative.model_copy(update={"model": "of-yesterday"})
    upscaled = build_request(CATALOGUE, model="conservative-upscale", prompt="x", has_picture=True).request

    assert [upscale.model for upscale in build_upscale_requests(negative, CATALOGUE)] == ["fast-upscale"]
    assert [upscale.model for upscale in build_upscale_requests(gone, CATALOGUE)] == ["fast-upscale"]
    assert build_upscale_requests(negative, only_conservative) == ()
    assert build_upscale_requests(upscaled, CATALOGUE) == (), "an upscaled picture is not upscaled again"


def test_a_draft_is_finished_by_the_models_that_cost_more_from_its_picture_where_they_read_one() -> None:
    draft = build_request(CATALOGUE, model="stable-image-core", prompt="a castle", has_picture=False).request
    from_picture = build_request(
        load_catalogue(SDXL_OFFERED), model="sdxl", prompt="a castle", has_picture=True, keep=10
    ).request
    best = build_request(CATALOGUE, model="stable-image-ultra", prompt="a castle", has_picture=False).request

    found = {built.request.model: built.request for built in build_finish_requests(draft, CATALOGUE)}

    assert set(found) == {"sd3.5-large", "stable-image-ultra"}
    assert (found["sd3.5-large"].has_picture, found["sd3.5-large"].keep) == (True, FINISH_KEEP)
    assert not found["stable-image-ultra"].has_picture, "it reads no pictures: the same words"
    [only] = build_finish_requests(from_picture, CATALOGUE)
    assert (only.request.model, only.request.keep) == ("sd3.5-large", FINISH_KEEP)
    assert build_finish_requests(best, CATALOGUE) == ()


def test_a_request_is_converted_with_the_options_that_the_other_model_reads() -> None:
    request = build_request(
        CATALOGUE, prompt="a castle", model="sdxl", has_picture=True, keep=40, steps=20, fit="pad", seed=7
    ).request
    sd35 = CATALOGUE.models["sd3.5-large"]

    same = adapt_to_model(request, CATALOGUE.models["sdxl"], CATALOGUE).request
    other = adapt_to_model(request, sd35, CATALOGUE).request
    of_result = adapt_to_model(request, sd35, CATALOGUE, from_result=True, keep=80).request

    assert same.explicit_options() == {"keep": 40, "steps": 20, "fit": "pad"}
    assert (other.model, other.explicit_options()) == ("sd3.5-large", {"keep": 40, "fit": "pad"})
    assert of_result.explicit_options() == {"keep": 80}


def test_a_conversion_is_expressed_as_the_other_model_reads_and_says_so() -> None:
    request = build_request(
        CATALOGUE, prompt="a castle::1.4 | rain::-0.5", model="sdxl", has_picture=True, style_preset="anime"
    ).request
    sd35 = CATALOGUE.models["sd3.5-large"]

    converted = adapt_to_model(request, sd35, CATALOGUE)

    assert format_prompts_for_model(converted.request, sd35) == ("a castle, anime style", "rain")
    assert [note.code for note in converted.notes] == ["model_replaced", "weights_left_out", "style_in_words"]
    offered = adapt_to_model(request, sd35, load_catalogue(SDXL_OFFERED))
    assert [note.code for note in offered.notes] == ["weights_left_out", "style_in_words"]


def test_a_conversion_that_the_other_model_would_not_take_is_rejected() -> None:
    request = build_request(CATALOGUE, prompt="crowds::-1", model="sdxl", has_picture=True).request

    with pytest.raises(RejectedError) as rejection:
        adapt_to_model(request, CATALOGUE.models["sd3.5-large"], CATALOGUE)

    assert [p.code for p in rejection.value.problems] == ["prompt_only_negative"]


def test_a_request_without_prompt_is_not_converted_to_a_model_that_needs_one() -> None:
    upscale = Request(model="fast-upscale", text_prompts=(), has_picture=True)

    with pytest.raises(RejectedError) as rejection:
        adapt_to_model(upscale, CATALOGUE.models["sd3.5-large"], CATALOGUE)

    assert [p.code for p in rejection.value.problems] == ["prompt_empty"]


def make_edit(model: str, **options: Any) -> Request:
    row = CATALOGUE.models[model]
    inputs: dict[str, Any] = {
        "has_picture": True,
        "mask": MaskKind.PICTURE if row.mask != "none" else None,
        "has_style_picture": row.style_picture != "none",
    }
    return build_request(CATALOGUE, model=model, **inputs | options).request


def test_the_same_edit_again_has_its_mask_and_its_style_picture() -> None:
    for request in (
        make_edit("inpaint", prompt="a boat", grow_mask=9, seed=4),
        make_edit("style-transfer", style_strength=0.5, seed=4),
        make_edit("outpaint", left=100, seed=4),
    ):
        again = adapt_to_model(request, CATALOGUE.models[request.model], CATALOGUE).request
        assert again == request.model_copy(update={"seed": None})


def test_a_mask_does_not_suit_the_picture_that_it_led_to() -> None:
    request = make_edit("inpaint", prompt="a boat")
    with pytest.raises(RejectedError, match="mask_required"):
        adapt_to_model(request, CATALOGUE.models["inpaint"], CATALOGUE, from_result=True)

    generated = adapt_to_model(request, CATALOGUE.models["sd3.5-large"], CATALOGUE, from_result=True).request
    assert (generated.mask, generated.has_picture, generated.grow_mask) == (None, True, None)


def test_an_edit_without_words_is_upscaled_by_what_needs_none_and_one_with_words_by_all() -> None:
    erased, inpainted = make_edit("erase-object"), make_edit("inpaint", prompt="a boat")

    assert [upscale.model for upscale in build_upscale_requests(erased, CATALOGUE)] == ["fast-upscale"]
    assert len(build_upscale_requests(inpainted, CATALOGUE)) == 3
    assert {upscale.mask for upscale in build_upscale_requests(inpainted, CATALOGUE)} == {None}


def test_only_another_model_for_the_same_operation_replaces_one_that_is_gone() -> None:
    second = load_catalogue(SECOND_INPAINT)

    assert find_alternative_models(make_edit("control-sketch", prompt="a boat"), CATALOGUE, TODAY) == ()
    found = find_alternative_models(make_edit("inpaint", prompt="a boat"), second, TODAY)
    assert [model.key for model in found] == ["inpaint2"]


def test_settings_to_save_leave_out_what_only_suits_one_picture() -> None:
    replaced = make_edit(
        "search-replace", prompt="a boat", search_prompt="the tower", grow_mask=3, style_preset="anime"
    )

    assert extract_settings(replaced) == {"model": "search-replace", "grow_mask": 3, "style_preset": "anime"}
    assert extract_settings(make_edit("outpaint", left=100)) == {"model": "outpaint"}
