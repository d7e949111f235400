"""Which buttons a message has: those that can be used, within Discord's limits."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from discord import ui
from hypothesis import given
from hypothesis import strategies as st

from bot.interactions.custom_ids import CUSTOM_ID_LIMIT, CustomId
from bot.interactions.result_buttons import (
    CancelId,
    DeleteId,
    DetailsId,
    EditId,
    FavouriteId,
    MoreId,
    RegenerateId,
    RegenerateWithId,
    ReportId,
    UpscaleId,
    UseAsSourceId,
    VaryId,
    build_cancel_view,
    build_notice_rows,
    build_preview_rows,
    build_result_rows,
)
from shared.catalogue import load_catalogue
from shared.i18n.messages import list_languages, load_messages
from shared.request.conversion import find_alternative_models
from shared.request.model import Request
from tests.support.views import CATALOGUE, EN, make_request, requests, utf16_length

JOB_ID = "1442000000000000001"
TODAY = date(2026, 11, 22)
LONG_NAME = "A model with a name " * 10
ID_TYPES: tuple[type[CustomId], ...] = (
    *(RegenerateId, RegenerateWithId, VaryId, EditId, UseAsSourceId),
    *(UpscaleId, DetailsId, FavouriteId, MoreId, DeleteId, CancelId, ReportId),
)
UPSCALERS = ("fast-upscale", "conservative-upscale", "creative-upscale")
NO_UPSCALERS = "\n".join(f'[models."{key}"]\noffered = false' for key in UPSCALERS)


def list_buttons(rows: Sequence[Any]) -> list[dict[str, Any]]:
    assert all(1 <= len(row["components"]) <= 5 for row in (row.to_component_dict() for row in rows))
    return [button for row in rows for button in row.to_component_dict()["components"]]


def list_actions(rows: Sequence[ui.ActionRow[Any]]) -> list[str]:
    return [button["custom_id"].replace(f":{JOB_ID}", "") for button in list_buttons(rows)]


def list_view_buttons(view: ui.View) -> list[dict[str, Any]]:
    return [button for row in view.to_components() for button in row["components"]]


@given(requests, st.sampled_from(list_languages()))
def test_every_button_fits_discord_and_its_id_is_parsed_again(request: Request, language: str) -> None:
    messages = load_messages(language)
    alternatives = find_alternative_models(request, CATALOGUE, TODAY)
    rows = [
        *build_result_rows(JOB_ID, request, CATALOGUE, messages),
        *build_preview_rows(JOB_ID, request, CATALOGUE, messages),
        *build_notice_rows(JOB_ID, request, CATALOGUE, messages, alternatives=alternatives, can_report=True),
    ]

    for button in [*list_buttons(rows), *list_view_buttons(build_cancel_view(JOB_ID, messages))]:
        (custom_id,) = filter(None, (id_type.parse(button["custom_id"]) for id_type in ID_TYPES))
        assert str(custom_id) == button["custom_id"]
        assert getattr(custom_id, "job_id", None) == JOB_ID
        assert len(button["custom_id"]) <= CUSTOM_ID_LIMIT
        assert 1 <= utf16_length(button["label"]) <= 80


def test_a_result_has_the_buttons_that_its_request_allows() -> None:
    everything = ["regenerate", "vary:strong", "upscale", "edit", "more"]
    larger = Request(model="fast-upscale", text_prompts=(), has_picture=True)

    assert list_actions(build_result_rows(JOB_ID, make_request("sdxl"), CATALOGUE, EN)) == everything
    without = build_result_rows(JOB_ID, make_request("sdxl"), load_catalogue(NO_UPSCALERS), EN)
    assert list_actions(without) == [action for action in everything if action != "upscale"]
    assert list_actions(build_result_rows(JOB_ID, larger, CATALOGUE, EN)) == ["more"]


def test_a_preview_has_one_row_of_buttons_that_always_names_its_job() -> None:
    larger = Request(model="fast-upscale", text_prompts=(), has_picture=True)

    [row] = build_preview_rows(JOB_ID, make_request("sdxl"), CATALOGUE, EN)
    assert list_actions([row]) == ["regenerate", "vary:strong", "upscale"]
    assert list_actions(build_preview_rows(JOB_ID, larger, CATALOGUE, EN)) == ["details"]


def test_a_notice_offers_at_most_three_alternative_models() -> None:
    catalogue = load_catalogue("\n".join(f'[models."m{n}"]\n{MODEL_ROW}name = "{LONG_NAME}"' for n in range(5)))
    others = find_alternative_models(make_request("sdxl"), catalogue, TODAY)

    first, second = build_notice_rows(JOB_ID, make_request("sdxl"), catalogue, EN, alternatives=others)

    assert list_actions([first]) == [
        "regenerate_with:sd3.5-large",
        "regenerate_with:m0",
        "regenerate_with:m1",
    ]
    assert list_actions([second]) == ["regenerate", "edit", "details", "delete"]
    assert list_buttons([first])[0]["label"] == "With SD 3.5 Large"
    assert list_actions(build_notice_rows(JOB_ID, make_request("sdxl"), CATALOGUE, EN)) == [
        "regenerate",
        "edit",
        "details",
        "delete",
    ]


def test_a_refused_request_is_changed_rather_than_tried_again() -> None:
    rows = build_notice_rows(JOB_ID, make_request("sdxl"), CATALOGUE, EN, refused=True, can_report=True)

    assert list_actions(rows) == ["edit", "regenerate", "details", "delete", "report"]
    assert [button["style"] for button in list_buttons(rows)] == [1, 2, 2, 2, 2]


def test_a_deleted_result_has_no_delete_button() -> None:
    assert list_actions(build_notice_rows(JOB_ID, make_request("sdxl"), CATALOGUE, EN, deleted=True)) == [
        "regenerate",
        "edit",
        "details",
    ]


def test_alternative_models_are_offered_and_accept_the_request() -> None:
    def keys(request: Request) -> list[str]:
        return [model.key for model in find_alternative_models(request, CATALOGUE, TODAY)]

    assert keys(make_request("sdxl")) == ["sd3.5-large"], "Core and Ultra read no picture"
    assert keys(make_request("sd3.5-large", has_picture=False)) == ["stable-image-core", "stable-image-ultra"], (
        "SDXL is retired"
    )
    assert keys(make_request("a model of yesterday")) == ["sd3.5-large"]
    assert keys(make_request("conservative-upscale")) == ["fast-upscale", "creative-upscale"]
    assert keys(Request(model="fast-upscale", text_prompts=(), has_picture=True)) == [], "the other needs a prompt"


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
