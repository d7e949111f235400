"""The form for editing a result has the fields that its model reads, filled in, within Discord's limits."""

import re
from typing import Any

from discord import ui
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.draft import EMPTY_FORM, FilledForm
from bot.features.result_actions.custom_ids import EditModalId
from bot.interactions.modals import build_modal
from bot.rendering.edit_form import build_edit_fields, get_prompt_texts
from bot.rendering.form_fields import TEXT_INPUT_LIMIT, list_editable_fields
from shared.i18n.messages import list_languages, load_messages
from shared.problems import make_problem
from shared.request.model import Request
from tests.support.views import CATALOGUE, EN, FR, make_request, requests, utf16_length


def render_labels(
    request: Request, seed: int | None = 7, language: str = "en", form: FilledForm = EMPTY_FORM
) -> list[dict[str, Any]]:
    """Render the labelled fields as they are sent to Discord."""
    fields = build_edit_fields(request, seed, CATALOGUE.models[request.model], load_messages(language), form)
    labels: list[dict[str, Any]] = build_modal("Edit", EditModalId("1"), *fields).to_dict()["components"]
    assert 1 <= len(labels) <= 5
    assert all(
        1 <= utf16_length(label["label"]) <= 45 and utf16_length(label["description"]) <= 100 for label in labels
    )
    return labels


def render_fields(request: Request, seed: int | None = 7, language: str = "en") -> dict[str, dict[str, Any]]:
    """Render the fields as they are sent to Discord, by their custom ids."""
    return {label["component"]["custom_id"]: label["component"] for label in render_labels(request, seed, language)}


@given(requests, st.integers(0, 2**32), st.sampled_from(list_languages()))
def test_a_form_fits_discord_whatever_was_written(request: Request, seed: int, language: str) -> None:
    assume(request.model in CATALOGUE.models and list_editable_fields(request, CATALOGUE.models[request.model]))
    texts = get_prompt_texts(request).values()
    assume(all(utf16_length(text) <= TEXT_INPUT_LIMIT for text in texts))
    assume(not re.search("[\ud800-\udfff]", "".join(texts)))  # no request contains lone surrogates

    for name, field in render_fields(request, seed, language).items():
        if name == "style_preset":
            assert 1 <= len(field["options"]) <= 25
            assert all(1 <= utf16_length(option["label"]) <= 100 for option in field["options"])
            assert sum(option["default"] for option in field["options"]) <= 1
        else:
            assert utf16_length(field.get("value") or "") <= field["max_length"] <= 4000


def test_a_form_has_only_the_fields_that_the_model_reads() -> None:
    assert list(render_fields(make_request("sdxl"))) == ["prompt", "negative", "keep", "seed", "style_preset"]
    assert list(render_fields(make_request("sd3.5-large", has_picture=False))) == [
        *("prompt", "negative", "seed", "style_preset")
    ]
    assert list(render_fields(make_request("conservative-upscale"))) == ["prompt", "negative", "seed"]


def test_a_form_has_no_field_for_an_option_that_is_locked() -> None:
    request = make_request("sdxl")

    fields = build_edit_fields(request, 7, CATALOGUE.models["sdxl"], EN, locked={"keep", "style_preset", "model"})

    assert [field.component.custom_id for field in fields] == ["prompt", "negative", "seed"]  # type: ignore[attr-defined]
    assert "keep" not in render_fields(make_request("sdxl", init_image_mode="STEP_SCHEDULE"))
    assert build_edit_fields(make_request("fast-upscale"), None, CATALOGUE.models["fast-upscale"], EN) == []


def test_a_form_is_filled_in() -> None:
    fields = render_fields(make_request("sdxl", prompt="a|b", keep=12.5, style_preset="anime"), language="fr")

    values = [fields[name].get("value") for name in ("prompt", "negative", "keep", "seed")]
    options = fields["style_preset"]["options"]
    assert values == [r"a\|b", None, "12,5", "7"]
    assert [option["value"] for option in options if option["default"]] == ["anime"]
    assert FR.get_choice_label("style_preset", "anime") in [option["label"] for option in options]


def test_a_rejected_form_opens_again_with_its_texts_and_each_error_beside_its_field() -> None:
    typed = {"prompt": "castle::1.2.3", "negative": "", "keep": "250", "seed": "", "style_preset": "origami"}
    problems = (
        make_problem("weight_not_a_number", value="1.2.3", text="castle"),
        make_problem("out_of_range", field="keep", value="250", model="SDXL 1.0", minimum="0", maximum="100"),
    )

    labels = render_labels(make_request("sdxl", keep=60), form=FilledForm(typed, problems))

    prompt, negative, keep, seed, style = (label["component"] for label in labels)
    values = [field.get("value") for field in (prompt, negative, keep, seed)]
    assert values == ["castle::1.2.3", None, "250", None]
    assert [option["value"] for option in style["options"] if option["default"]] == ["origami"]
    assert labels[0]["description"].startswith("The “::” after “castle” needs a number")
    assert labels[1]["description"] == EN.text("option.negative.description")
    assert labels[2]["description"] == "“keep” can't be 250 with SDXL 1.0. Choose a number from 0 to 100."


def test_only_the_prompt_is_required() -> None:
    labels = build_edit_fields(make_request("sdxl"), None, CATALOGUE.models["sdxl"], EN)

    fields = [label.component for label in labels]
    assert [field.required for field in fields if isinstance(field, ui.TextInput | ui.Select)] == [True, *[False] * 4]
