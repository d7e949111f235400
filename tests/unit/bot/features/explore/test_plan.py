"""What an exploration asks for: cells that differ in one thing, each as its model takes it."""

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

CATALOGUE = load_catalogue()
TODAY = date(2026, 11, 24)


def make_request(model: str = "sdxl", *, has_picture: bool = True, **options: Any) -> Request:
    return build_request(CATALOGUE, prompt="a castle", model=model, has_picture=has_picture, **options)


def make_plan(
    over: Variation,
    request: Request,
    *,
    count: int = 4,
    written: str = "",
    language: str = "en",
    catalogue: Catalogue = CATALOGUE,
) -> ExplorationPlan:
    return plan_exploration(
        over,
        request,
        catalogue,
        load_messages(language),
        count=count,
        values_text=written,
        today=TODAY,
        rng=random.Random(7),
    )


def list_requests_without(field: str, planned: ExplorationPlan) -> set[str]:
    return {request.model_copy(update={field: None}).model_dump_json() for request in planned.requests}


@pytest.mark.parametrize(
    ("over", "field"), [(Variation.SEEDS, "seed"), (Variation.STYLES, "style_preset"), (Variation.KEEP, "keep")]
)
@pytest.mark.parametrize("count", range(2, 10))
def test_variants_differ_in_one_thing_alone(over: Variation, field: str, count: int) -> None:
    found = make_plan(over, make_request(steps=20), count=count)

    assert len({getattr(request, field) for request in found.requests}) == len(found.requests) == count
    assert len(list_requests_without(field, found)) == 1
    assert all(request.seed for request in found.requests), "what is shown is what is sent"


def test_a_chosen_seed_is_the_first_of_the_seeds_and_that_of_all_other_variants() -> None:
    seeds, styles = (make_plan(over, make_request(seed=77)) for over in (Variation.SEEDS, Variation.STYLES))

    assert seeds.requests[0].seed == 77
    assert {request.seed for request in styles.requests} == {77}


def test_keep_values_are_spread_evenly_and_styles_over_all_there_are() -> None:
    keeps, styles = (make_plan(over, make_request(), count=3) for over in (Variation.KEEP, Variation.STYLES))

    choices = CATALOGUE.models["sdxl"].fields["style_preset"].choices
    assert [request.keep for request in keeps.requests] == [10, 50, 90]
    assert [request.style_preset for request in styles.requests] == [choices[0], choices[8], choices[-1]]


@pytest.mark.parametrize(
    ("over", "written", "field", "values"),
    [
        (Variation.SEEDS, "3, 1,2", "seed", [3, 1, 2]),
        (Variation.KEEP, "20 %; 62.5, 80,", "keep", [20, 62.5, 80]),
        (
            Variation.STYLES,
            "Anime, modelling clay, pixel-art",
            "style_preset",
            ["anime", "modeling-compound", "pixel-art"],
        ),
        (Variation.MODELS, "SDXL 1.0, sd3.5-large", "model", ["sdxl", "sd3.5-large"]),
    ],
)
def test_values_that_were_written_are_taken_in_their_order(
    over: Variation, written: str, field: str, values: list[Any]
) -> None:
    found = make_plan(over, make_request(), count=9, written=written)

    assert [getattr(request, field) for request in found.requests] == values


def test_styles_are_read_in_the_persons_language() -> None:
    word = load_messages("fr").get_choice_label("style_preset", "modeling-compound")

    found = make_plan(Variation.STYLES, make_request(), written=f"{word}, anime", language="fr")

    assert [request.style_preset for request in found.requests] == ["modeling-compound", "anime"]


def test_of_models_those_on_offer_that_take_it_are_asked_its_own_first_and_each_for_what_it_reads() -> None:
    found = make_plan(Variation.MODELS, make_request("stable-image-core", has_picture=False, seed=4294967295), count=9)

    assert [request.model for request in found.requests] == ["stable-image-core", "sd3.5-large"]
    assert [request.seed for request in found.requests] == [4294967295, 4294967294], "as far as each can count"


@pytest.mark.parametrize(
    ("over", "request_", "written", "codes"),
    [
        (Variation.STYLES, make_request("sd3.5-large"), "", ["field_unsupported"]),
        (Variation.KEEP, make_request(has_picture=False), "", ["picture_only_option"]),
        (Variation.KEEP, make_request(), "20, half, much", ["not_a_number", "not_a_number"]),
        (Variation.KEEP, make_request(), "20, 120", ["out_of_range"]),
        (Variation.SEEDS, make_request(), "-1, 1.5", ["not_a_number"]),
        (Variation.SEEDS, make_request(), "-1, 1", ["out_of_range"]),
        (Variation.STYLES, make_request(), "anime, gothic", ["not_a_choice"]),
        (Variation.MODELS, make_request(), "sdxl, dall-e", ["model_unknown"]),
        (Variation.MODELS, make_request(), "sdxl, stable-image-core", ["picture_unsupported"]),
        (Variation.MODELS, make_request("sd3.5-large"), "", ["explore_count"]),
        (Variation.SEEDS, make_request(), "7, 7", ["explore_count"]),
        (Variation.SEEDS, make_request(), ",".join(map(str, range(1, 11))), ["explore_count"]),
    ],
)
def test_what_cannot_be_explored_is_refused_with_all_reasons(
    over: Variation, request_: Request, written: str, codes: list[str]
) -> None:
    with pytest.raises(RejectedError) as refused:
        make_plan(over, request_, written=written)

    assert [problem.code for problem in refused.value.problems] == codes


def test_a_catalogue_with_few_styles_has_a_variant_for_each() -> None:
    few = load_catalogue('[models.sdxl.fields.style_preset]\nchoices = ["anime", "enhance"]')

    found = make_plan(Variation.STYLES, make_request(), count=9, catalogue=few)

    assert [request.style_preset for request in found.requests] == ["anime", "enhance"]
