"""What an exploration asks for: cells that differ in one thing, each as its model takes it."""

import random
from datetime import date
from typing import Any

import pytest

from bot.exploring.plan import planned
from bot.phrases import phrases_for
from bot.ports import Over, Plan
from shared.catalogue import Catalogue, load_catalogue
from shared.errors import Refused
from shared.request import Request, compose

CATALOGUE = load_catalogue()
TODAY = date(2026, 11, 24)


def ask(model: str = "sdxl", *, has_picture: bool = True, **options: Any) -> Request:
    return compose(CATALOGUE, prompt="a castle", model=model, has_picture=has_picture, **options)


def plan(
    over: Over,
    request: Request,
    *,
    count: int = 4,
    written: str = "",
    language: str = "en",
    catalogue: Catalogue = CATALOGUE,
) -> Plan:
    return planned(
        over,
        request,
        catalogue,
        phrases_for(language),
        count=count,
        written=written,
        today=TODAY,
        chance=random.Random(7),
    )


def but(field: str, planned: Plan) -> set[str]:
    return {request.model_copy(update={field: None}).model_dump_json() for request in planned.requests}


@pytest.mark.parametrize(("over", "field"), [(Over.SEEDS, "seed"), (Over.STYLES, "style_preset"), (Over.KEEP, "keep")])
@pytest.mark.parametrize("count", range(2, 10))
def test_cells_differ_in_one_thing_alone(over: Over, field: str, count: int) -> None:
    found = plan(over, ask(steps=20), count=count)

    assert len({getattr(request, field) for request in found.requests}) == len(found.requests) == count
    assert len(but(field, found)) == 1
    assert all(request.seed for request in found.requests), "what is shown is what is sent"


def test_a_chosen_seed_is_the_first_of_the_seeds_and_that_of_all_other_cells() -> None:
    seeds, styles = (plan(over, ask(seed=77)) for over in (Over.SEEDS, Over.STYLES))

    assert seeds.requests[0].seed == 77
    assert {request.seed for request in styles.requests} == {77}


def test_keep_values_are_spread_evenly_and_styles_over_all_there_are() -> None:
    keeps, styles = (plan(over, ask(), count=3) for over in (Over.KEEP, Over.STYLES))

    choices = CATALOGUE.models["sdxl"].fields["style_preset"].choices
    assert [request.keep for request in keeps.requests] == [10, 50, 90]
    assert [request.style_preset for request in styles.requests] == [choices[0], choices[8], choices[-1]]


@pytest.mark.parametrize(
    ("over", "written", "field", "values"),
    [
        (Over.SEEDS, "3, 1,2", "seed", [3, 1, 2]),
        (Over.KEEP, "20 %; 62.5, 80,", "keep", [20, 62.5, 80]),
        (Over.STYLES, "Anime, modelling clay, pixel-art", "style_preset", ["anime", "modeling-compound", "pixel-art"]),
        (Over.MODELS, "SDXL 1.0, sd3.5-large", "model", ["sdxl", "sd3.5-large"]),
    ],
)
def test_values_that_were_written_are_taken_in_their_order(
    over: Over, written: str, field: str, values: list[Any]
) -> None:
    found = plan(over, ask(), count=9, written=written)

    assert [getattr(request, field) for request in found.requests] == values


def test_styles_are_read_in_the_persons_language() -> None:
    word = phrases_for("fr").choice("style_preset", "modeling-compound")

    found = plan(Over.STYLES, ask(), written=f"{word}, anime", language="fr")

    assert [request.style_preset for request in found.requests] == ["modeling-compound", "anime"]


def test_of_models_those_on_offer_that_take_it_are_asked_its_own_first_and_each_for_what_it_reads() -> None:
    found = plan(Over.MODELS, ask("stable-image-core", has_picture=False, seed=4294967295), count=9)

    assert [request.model for request in found.requests] == ["stable-image-core", "sd3.5-large"]
    assert [request.seed for request in found.requests] == [4294967295, 4294967294], "as far as each can count"


@pytest.mark.parametrize(
    ("over", "request_", "written", "codes"),
    [
        (Over.STYLES, ask("sd3.5-large"), "", ["field_unsupported"]),
        (Over.KEEP, ask(has_picture=False), "", ["picture_only_option"]),
        (Over.KEEP, ask(), "20, half, much", ["not_a_number", "not_a_number"]),
        (Over.KEEP, ask(), "20, 120", ["out_of_range"]),
        (Over.SEEDS, ask(), "-1, 1.5", ["not_a_number"]),
        (Over.SEEDS, ask(), "-1, 1", ["out_of_range"]),
        (Over.STYLES, ask(), "anime, gothic", ["not_a_choice"]),
        (Over.MODELS, ask(), "sdxl, dall-e", ["model_unknown"]),
        (Over.MODELS, ask(), "sdxl, stable-image-core", ["picture_unsupported"]),
        (Over.MODELS, ask("sd3.5-large"), "", ["explore_count"]),
        (Over.SEEDS, ask(), "7, 7", ["explore_count"]),
        (Over.SEEDS, ask(), ",".join(map(str, range(1, 11))), ["explore_count"]),
    ],
)
def test_what_cannot_be_explored_is_refused_with_all_reasons(
    over: Over, request_: Request, written: str, codes: list[str]
) -> None:
    with pytest.raises(Refused) as refused:
        plan(over, request_, written=written)

    assert [problem.code for problem in refused.value.problems] == codes


def test_a_catalogue_with_few_styles_has_a_cell_for_each() -> None:
    few = load_catalogue('[models.sdxl.fields.style_preset]\nchoices = ["anime", "enhance"]')

    found = plan(Over.STYLES, ask(), count=9, catalogue=few)

    assert [request.style_preset for request in found.requests] == ["anime", "enhance"]
