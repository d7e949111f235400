"""The buttons of the private messages that result actions respond with."""

from typing import Any

import pytest
from discord import ui
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.records import GenerationSettings
from bot.features.result_actions.buttons import (
    build_delete_confirmation,
    build_details_rows,
    build_metadata_run_rows,
    build_upscale_view,
)
from bot.features.result_actions.custom_ids import ConfirmDeleteId, MetadataRunId, RegenerateSameSeedId, UpscaleWithId
from bot.interactions.custom_ids import CUSTOM_ID_LIMIT, CustomId
from shared.i18n.messages import list_languages, load_messages
from shared.request.model import Request
from tests.support.views import CATALOGUE, EN, make_request, requests, utf16_length

JOB_ID = "1442000000000000001"
ID_TYPES: tuple[type[CustomId], ...] = (RegenerateSameSeedId, MetadataRunId, UpscaleWithId, ConfirmDeleteId)


def list_view_buttons(view: ui.View) -> list[dict[str, Any]]:
    return [button for row in view.to_components() for button in row["components"]]


def list_row_buttons(rows: list[ui.ActionRow[Any]]) -> list[dict[str, Any]]:
    return [button for row in rows for button in row.to_component_dict()["components"]]


@given(requests, st.sampled_from(list_languages()))
def test_every_button_fits_discord_and_its_id_is_parsed_again(request: Request, language: str) -> None:
    messages, settings = load_messages(language), GenerationSettings(JOB_ID, request, 7)
    buttons = [
        *list_row_buttons(build_details_rows(settings, CATALOGUE, messages)),
        *list_row_buttons(build_metadata_run_rows(settings, CATALOGUE, messages)),
        *list_view_buttons(build_upscale_view(JOB_ID, CATALOGUE.upscale_models, messages)),
        *list_view_buttons(build_delete_confirmation(JOB_ID, messages)),
    ]

    for button in buttons:
        (custom_id,) = filter(None, (id_type.parse(button["custom_id"]) for id_type in ID_TYPES))
        assert str(custom_id) == button["custom_id"]
        assert getattr(custom_id, "job_id", None) == (None if isinstance(custom_id, MetadataRunId) else JOB_ID)
        assert len(button["custom_id"]) <= CUSTOM_ID_LIMIT
        assert 1 <= utf16_length(button["label"]) <= 80


def test_upscalers_are_chosen_by_their_result_and_price() -> None:
    other = CATALOGUE.models["fast-upscale"].model_copy(update={"key": "an-operators", "name": "An Operator's"})
    models = [*CATALOGUE.upscale_models, other]

    buttons = list_view_buttons(build_upscale_view(JOB_ID, models, EN))

    assert [button["label"] for button in buttons] == [
        "4× larger, fast · $0.03",
        "Up to 4K, with more detail · $0.40",
        "Up to 4K, with much invented detail · $0.60",
        "An Operator's · $0.03",
    ]


@pytest.mark.parametrize(("model", "seed"), [("sdxl", None), ("a model of yesterday", 7)])
def test_a_result_without_seed_or_model_has_no_button_for_the_same_seed(model: str, seed: int | None) -> None:
    assert build_details_rows(GenerationSettings(JOB_ID, make_request(model), seed), CATALOGUE, EN) == []
