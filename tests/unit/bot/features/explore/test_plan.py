"""The variants of an exploration differ in one setting, and each is valid for its model."""

import random
from datetime import date
from typing import Any

import pytest

from bot.domain.exploration import ExplorationPlan, Variation
from bot.features.explore.plan import plan_exploration
from shared.catalogue import Catalogue, load_catalogue
from shared.i18n.messages import load_messages
from shared.problems import RejectedError
from shared.request.builder import build_request
from shared.request.model import Request
from tests.support.catalogues import SDXL_IN_IMAGINE

CATALOGUE = load_catalogue(SDXL_IN_IMAGINE)
TODAY = date(2026, 11, 24)


def make_request(model: str = "sdxl", *, has_picture: bool = True, **options: Any) -> Request:
    return build_request(CATALOGUE, prompt="a castle", model=model, has_picture=has_picture, **options).request


def make_plan(
    variation: Variation,
    request: Request,
    *,
    count: int = 4,
    values_text: str = "",
    language: str = "en",
    catalogue: Catalogue = CATALOGUE,
) -> ExplorationPlan:
    return plan_exploration(
        variation,
        request,
        catalogue,
        load_messages(language),
        count=count,
        values_text=values_text,
        today=TODAY,
        rng=random.Random(7),
    )


def dump_requests_without(field: str, plan: ExplorationPlan) -> set[str]:
    return {request.model_copy(update={field: None}).model_dump_json() for request in plan.requests}


@pytest.mark.parametrize(
    ("variation", "field"), [(Variation.SEEDS, "seed"), (Variation.STYLES, "style_preset"), (Variation.KEEP, "keep")]
)
@pytest.mark.parametrize("count", range(2, 10))
def test_variants_differ_in_one_setting_only(variation: Variation, field: str, count: int) -> None:
    plan = make_plan(variation, make_request(steps=20), count=count)

    assert len({getattr(request, field) for request in plan.requests}) == len(plan.requests) == count
    assert len(dump_requests_without(field, plan)) == 1
    assert all(request.seed for request in plan.requests), "the seed is drawn before the plan is shown"


def test_a_chosen_seed_is_the_first_of_several_seeds_or_the_seed_of_all_variants() -> None:
    seeds, styles = (make_plan(variation, make_request(seed=77)) for variation in (Variation.SEEDS, Variation.STYLES))

    assert seeds.requests[0].seed == 77
    assert {request.seed for request in styles.requests} == {77}


def test_keep_values_are_spread_evenly_and_styles_over_all_choices() -> None:
    keeps, styles = (make_plan(variation, make_request(), count=3) for variation in (Variation.KEEP, Variation.STYLES))

    choices = CATALOGUE.models["sdxl"].fields["style_preset"].choices
    assert [request.keep for request in keeps.requests] == [10, 50, 90]
    assert [request.style_preset for request in styles.requests] == [choices[0], choices[8], choices[-1]]


@pytest.mark.parametrize(
    ("variation", "values_text", "field", "values"),
    [
        (Variation.SEEDS, "3, 1,2", "seed", [3, 1, 2]),
        (Variation.KEEP, "20 %; 62.5, 80,", "keep", [20, 62.5, 80]),
        (Variation.KEEP, "12,5; 40 % ; 62,5 %", "keep", [12.5, 40, 62.5]),
        (Variation.KEEP, "20,40, 60", "keep", [20, 40, 60]),
        (Variation.SEEDS, "4 294 967 294, 7", "seed", [4294967294, 7]),
        (
            Variation.STYLES,
            "Anime, modelling clay, pixel-art",
            "style_preset",
            ["anime", "modeling-compound", "pixel-art"],
        ),
        (Variation.MODELS, "SDXL 1.0, sd3.5-large", "model", ["sdxl", "sd3.5-large"]),
    ],
)
def test_values_are_used_in_the_order_in_which_they_were_entered(
    variation: Variation, values_text: str, field: str, values: list[Any]
) -> None:
    plan = make_plan(variation, make_request(), count=9, values_text=values_text)

    assert [getattr(request, field) for request in plan.requests] == values


def test_styles_are_recognised_by_their_labels_in_the_persons_language() -> None:
    label = load_messages("fr").get_choice_label("style_preset", "modeling-compound")

    plan = make_plan(Variation.STYLES, make_request(), values_text=f"{label}, anime", language="fr")

    assert [request.style_preset for request in plan.requests] == ["modeling-compound", "anime"]


def test_commas_are_decimal_where_the_language_and_the_spaces_say_so() -> None:
    for values_text, values in [
        ("12,5, 40", [12.5, 40]),
        ("20,40,60", [20, 40, 60]),
        ("62,5 %,80 %, 9", [62.5, 80, 9]),
    ]:
        plan = make_plan(Variation.KEEP, make_request(), values_text=values_text, language="fr")
        assert [request.keep for request in plan.requests] == values


def test_values_that_show_nothing_are_left_out() -> None:
    assert len(make_plan(Variation.KEEP, make_request(), values_text="\u200b", count=3).requests) == 3


def test_by_default_the_requested_model_comes_first_then_the_offered_models_that_accept_the_request() -> None:
    plan = make_plan(Variation.MODELS, make_request("sdxl", has_picture=False, seed=4294967295), count=9)

    assert [request.model for request in plan.requests] == [
        "sdxl",
        "sd3.5-large",
        "stable-image-core",
        "stable-image-ultra",
    ]
    assert [request.seed for request in plan.requests] == [4294967295, *[4294967294] * 3], (
        "the other models have a smaller maximum"
    )


@pytest.mark.parametrize(
    ("variation", "request_", "values_text", "codes"),
    [
        (Variation.KEEP, make_request("stable-image-core", has_picture=False), "", ["variation_unsupported"]),
        (Variation.KEEP, make_request(has_picture=False), "", ["picture_only_option"]),
        (Variation.KEEP, make_request(), "20, half, much", ["not_a_number", "not_a_number"]),
        (Variation.KEEP, make_request(), "20, 120", ["out_of_range"]),
        (Variation.SEEDS, make_request(), "-1, 1.5", ["not_a_number"]),
        (Variation.SEEDS, make_request(), "-1, 1", ["out_of_range"]),
        (Variation.SEEDS, make_request(), "\u22121, 1", ["out_of_range"]),
        (Variation.STYLES, make_request(), "anime, gothic", ["not_a_choice"]),
        (Variation.MODELS, make_request(), "sdxl, dall-e", ["model_unknown"]),
        (Variation.MODELS, make_request(), "sdxl, Erase Object", ["model_edits"]),
        (Variation.MODELS, make_request(), "sdxl, fast-upscale", ["model_upscales"]),
        (Variation.MODELS, make_request(), "sdxl, stable-image-core", ["picture_unsupported"]),
        (Variation.MODELS, make_request("sd3.5-large"), "", ["exploration_count"]),
        (Variation.SEEDS, make_request(), "7, 7", ["exploration_count"]),
        (Variation.SEEDS, make_request(), ",".join(map(str, range(1, 11))), ["exploration_count"]),
    ],
)
def test_a_request_that_cannot_be_explored_is_rejected_with_all_problems(
    variation: Variation, request_: Request, values_text: str, codes: list[str]
) -> None:
    with pytest.raises(RejectedError) as rejection:
        make_plan(variation, request_, values_text=values_text)

    assert [problem.code for problem in rejection.value.problems] == codes


def test_a_catalogue_with_few_styles_has_a_variant_for_each() -> None:
    two_styles = load_catalogue('[models.sdxl.fields.style_preset]\nchoices = ["anime", "enhance"]')

    plan = make_plan(Variation.STYLES, make_request(), count=9, catalogue=two_styles)

    assert [request.style_preset for request in plan.requests] == ["anime", "enhance"]
