"""Which buttons stand under which message: those that lead somewhere, within Discord's limits."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from discord import ui
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.records import GenerationSettings
from bot.i18n import list_languages, load_messages
from bot.interactions.components import (
    build_cancel_view,
    build_confirmation,
    build_details_rows,
    build_metadata_run_rows,
    build_notice_rows,
    build_result_rows,
    build_upscale_choice,
)
from bot.interactions.custom_ids import parse_custom_id
from shared.catalogue import load_catalogue
from shared.request.model import Request, find_alternative_models
from tests.unit.bot.rendering.test_outcome_views import CATALOGUE, EN, make_request, requests, utf16_length

JOB_ID = "1442000000000000001"
TODAY = date(2026, 11, 22)
LONG_NAME = "A model with a name " * 10
NO_UPSCALERS = '[models."fast-upscale"]\noffered = false\n[models."conservative-upscale"]\noffered = false'


def list_buttons(rows: Sequence[Any]) -> list[dict[str, Any]]:
    assert all(1 <= len(row["components"]) <= 5 for row in (row.to_component_dict() for row in rows))
    return [button for row in rows for button in row.to_component_dict()["components"]]


def list_actions(rows: Sequence[ui.ActionRow[Any]]) -> list[str]:
    return [button["custom_id"].replace(f":{JOB_ID}", "") for button in list_buttons(rows)]


def make_view(view: ui.View) -> list[dict[str, Any]]:
    return [button for row in view.to_components() for button in row["components"]]


@given(requests, st.sampled_from(list_languages()))
def test_every_button_fits_discord_and_is_read_again(request: Request, language: str) -> None:
    phrases = load_messages(language)
    rows = [
        *build_result_rows(JOB_ID, request, CATALOGUE, phrases),
        *build_notice_rows(
            JOB_ID, request, CATALOGUE, phrases, alternatives=find_alternative_models(request, CATALOGUE, TODAY)
        ),
        *build_details_rows(GenerationSettings(JOB_ID, request, 7), CATALOGUE, phrases),
    ]
    views = [
        build_upscale_choice(JOB_ID, CATALOGUE.upscale_models, phrases),
        build_confirmation("delete_yes", JOB_ID, phrases),
        build_cancel_view(JOB_ID, phrases),
    ]
    of_no_job = build_metadata_run_rows(GenerationSettings(JOB_ID, request, 7), CATALOGUE, phrases)

    for button in [
        *list_buttons(rows),
        *list_buttons(of_no_job),
        *(button for view in views for button in make_view(view)),
    ]:
        press = parse_custom_id(button["custom_id"])
        assert press is not None
        assert press.job_id == ("0" if press.action == "run" else JOB_ID)
        assert 1 <= utf16_length(button["label"]) <= 80


def test_under_a_picture_stands_what_can_be_done_from_there() -> None:
    everything = ["again", "vary:subtle", "vary:strong", "edit", "source", "upscale", "details", "favourite", "delete"]
    larger = Request(model="fast-upscale", text_prompts=(), has_picture=True)

    assert list_actions(build_result_rows(JOB_ID, make_request("sdxl"), CATALOGUE, EN)) == everything
    without = build_result_rows(JOB_ID, make_request("sdxl"), load_catalogue(NO_UPSCALERS), EN)
    assert list_actions(without) == [verb for verb in everything if verb != "upscale"]
    assert list_actions(build_result_rows(JOB_ID, larger, CATALOGUE, EN)) == [
        "source",
        "details",
        "favourite",
        "delete",
    ]


def test_under_a_notice_three_models_at_most_are_offered_instead() -> None:
    catalogue = load_catalogue("\n".join(f'[models."m{n}"]\n{MODEL_ROW}name = "{LONG_NAME}"' for n in range(5)))
    others = find_alternative_models(make_request("sdxl"), catalogue, TODAY)

    first, second = build_notice_rows(JOB_ID, make_request("sdxl"), catalogue, EN, alternatives=others)

    assert list_actions([first]) == ["again:sd3.5-large", "again:m0", "again:m1"]
    assert list_actions([second]) == ["again", "edit", "delete"]
    assert list_buttons([first])[0]["label"] == "With SD 3.5 Large"
    assert list_actions(build_notice_rows(JOB_ID, make_request("sdxl"), CATALOGUE, EN)) == ["again", "edit", "delete"]


def test_under_what_was_deleted_there_is_nothing_to_delete() -> None:
    assert list_actions(build_notice_rows(JOB_ID, make_request("sdxl"), CATALOGUE, EN, deleted=True)) == [
        "again",
        "edit",
    ]


def test_another_model_is_one_that_is_on_offer_and_would_take_the_request() -> None:
    def keys(request: Request) -> list[str]:
        return [model.key for model in find_alternative_models(request, CATALOGUE, TODAY)]

    assert keys(make_request("sdxl")) == ["sd3.5-large"], "Core reads no picture"
    assert keys(make_request("sd3.5-large", has_picture=False)) == ["stable-image-core"], "SDXL is retired"
    assert keys(make_request("a model of yesterday")) == ["sd3.5-large"]
    assert keys(make_request("conservative-upscale")) == ["fast-upscale"]
    assert keys(Request(model="fast-upscale", text_prompts=(), has_picture=True)) == [], "the other needs a prompt"


def test_upscalers_are_chosen_by_name_and_price() -> None:
    labels = [button["label"] for button in make_view(build_upscale_choice(JOB_ID, CATALOGUE.upscale_models, EN))]

    assert labels == ["Fast Upscale · $0.03", "Conservative Upscale · $0.40"]


@pytest.mark.parametrize(("model", "seed"), [("sdxl", None), ("a model of yesterday", 7)])
def test_what_has_no_seed_or_no_model_is_not_offered_with_the_same_seed(model: str, seed: int | None) -> None:
    assert build_details_rows(GenerationSettings(JOB_ID, make_request(model), seed), CATALOGUE, EN) == []


MODEL_ROW = """
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
