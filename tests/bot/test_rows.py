"""Which buttons stand under which message: those that lead somewhere, within Discord's limits."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from discord import ui
from hypothesis import given
from hypothesis import strategies as st

from bot.phrases import languages, phrases_for
from bot.ports import Recipe
from bot.views import confirm, details_rows, notice_rows, result_rows, run_rows, upscale_choice, with_cancel
from bot.views.press import read
from shared.catalogue import load_catalogue
from shared.request import Request, others_for
from tests.bot.test_render import CATALOGUE, EN, ask, requests, wide

JOB = "1442000000000000001"
TODAY = date(2026, 11, 22)
LONG = "A model with a name " * 10
NO_UPSCALERS = '[models."fast-upscale"]\noffered = false\n[models."conservative-upscale"]\noffered = false'


def buttons(rows: Sequence[Any]) -> list[dict[str, Any]]:
    assert all(1 <= len(row["components"]) <= 5 for row in (row.to_component_dict() for row in rows))
    return [button for row in rows for button in row.to_component_dict()["components"]]


def verbs(rows: Sequence[ui.ActionRow[Any]]) -> list[str]:
    return [button["custom_id"].replace(f":{JOB}", "") for button in buttons(rows)]


def in_view(view: ui.View) -> list[dict[str, Any]]:
    return [button for row in view.to_components() for button in row["components"]]


@given(requests, st.sampled_from(languages()))
def test_every_button_fits_discord_and_is_read_again(request: Request, language: str) -> None:
    phrases = phrases_for(language)
    rows = [
        *result_rows(JOB, request, CATALOGUE, phrases),
        *notice_rows(JOB, request, CATALOGUE, phrases, others=others_for(request, CATALOGUE, TODAY)),
        *details_rows(Recipe(JOB, request, 7), CATALOGUE, phrases),
    ]
    views = [
        upscale_choice(JOB, CATALOGUE.upscalers, phrases),
        confirm("delete_yes", JOB, phrases),
        with_cancel(JOB, phrases),
    ]
    of_no_job = run_rows(Recipe(JOB, request, 7), CATALOGUE, phrases)

    for button in [*buttons(rows), *buttons(of_no_job), *(button for view in views for button in in_view(view))]:
        press = read(button["custom_id"])
        assert press is not None
        assert press.job_id == ("0" if press.verb == "run" else JOB)
        assert 1 <= wide(button["label"]) <= 80


def test_under_a_picture_stands_what_can_be_done_from_there() -> None:
    everything = ["again", "vary:subtle", "vary:strong", "edit", "source", "upscale", "details", "favourite", "delete"]
    larger = Request(model="fast-upscale", text_prompts=(), has_picture=True)

    assert verbs(result_rows(JOB, ask("sdxl"), CATALOGUE, EN)) == everything
    without = result_rows(JOB, ask("sdxl"), load_catalogue(NO_UPSCALERS), EN)
    assert verbs(without) == [verb for verb in everything if verb != "upscale"]
    assert verbs(result_rows(JOB, larger, CATALOGUE, EN)) == ["source", "details", "favourite", "delete"]


def test_under_a_notice_three_models_at_most_are_offered_instead() -> None:
    catalogue = load_catalogue("\n".join(f'[models."m{n}"]\n{ROW}name = "{LONG}"' for n in range(5)))
    others = others_for(ask("sdxl"), catalogue, TODAY)

    first, second = notice_rows(JOB, ask("sdxl"), catalogue, EN, others=others)

    assert verbs([first]) == ["again:sd3.5-large", "again:m0", "again:m1"]
    assert verbs([second]) == ["again", "edit", "delete"]
    assert buttons([first])[0]["label"] == "With SD 3.5 Large"
    assert verbs(notice_rows(JOB, ask("sdxl"), CATALOGUE, EN)) == ["again", "edit", "delete"]


def test_under_what_was_deleted_there_is_nothing_to_delete() -> None:
    assert verbs(notice_rows(JOB, ask("sdxl"), CATALOGUE, EN, deleted=True)) == ["again", "edit"]


def test_another_model_is_one_that_is_on_offer_and_would_take_the_request() -> None:
    def keys(request: Request) -> list[str]:
        return [model.key for model in others_for(request, CATALOGUE, TODAY)]

    assert keys(ask("sdxl")) == ["sd3.5-large"], "Core reads no picture"
    assert keys(ask("sd3.5-large", has_picture=False)) == ["stable-image-core"], "SDXL is retired"
    assert keys(ask("a model of yesterday")) == ["sd3.5-large"]
    assert keys(ask("conservative-upscale")) == ["fast-upscale"]
    assert keys(Request(model="fast-upscale", text_prompts=(), has_picture=True)) == [], "the other needs a prompt"


def test_upscalers_are_chosen_by_name_and_price() -> None:
    labels = [button["label"] for button in in_view(upscale_choice(JOB, CATALOGUE.upscalers, EN))]

    assert labels == ["Fast Upscale · $0.03", "Conservative Upscale · $0.40"]


@pytest.mark.parametrize(("model", "seed"), [("sdxl", None), ("a model of yesterday", 7)])
def test_what_has_no_seed_or_no_model_is_not_offered_with_the_same_seed(model: str, seed: int | None) -> None:
    assert details_rows(Recipe(JOB, ask(model), seed), CATALOGUE, EN) == []


ROW = """
id = "m"
dialect = "stable-image"
regions = ["us-west-2"]
price_usd = 0.1
picture = "optional"
streaming = false
typical_seconds = 9
concurrency = 1
per_minute = 0
sizes = [[1024, 1024]]
fields = { prompt = { limit = 10000 } }
"""
