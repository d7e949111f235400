"""The fields of forms keep Discord's limits in every language, whatever files are called."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.form_fields import build_model_field, build_picture_field, build_text_field
from shared.catalogue import Catalogue, load_catalogue
from shared.i18n.messages import list_languages, load_messages
from tests.support.views import utf16_length

MANY_MODELS = load_catalogue(
    "\n".join(
        f'[models.m{number}]\nname = "{"M" * 120}"\nid = "m{number}"\ndialect = "sdxl"\nregions = ["us-east-1"]\n'
        f'price_usd = 1\npicture = "optional"\nstreaming = false\ntypical_seconds = 1\nconcurrency = 1\n'
        f"per_minute = 0\nsizes = [[512, 512]]\n[models.m{number}.fields.prompt]\nlimit = 100"
        for number in range(30)
    )
)


def list_options(field: Any) -> list[dict[str, Any]]:
    """List the options of a field that fits Discord."""
    label = field.to_component_dict()
    options: list[dict[str, Any]] = label["component"]["options"]
    assert 1 <= utf16_length(label["label"]) <= 45
    assert 1 <= utf16_length(label["description"]) <= 100
    assert 1 <= len(options) <= 25
    assert all(1 <= utf16_length(option["label"]) <= 100 for option in options)
    return options


def list_selected(options: list[dict[str, Any]]) -> list[str]:
    return [option["value"] for option in options if option.get("default")]


@given(st.lists(st.text(st.characters(), max_size=300), min_size=1, max_size=30), st.sampled_from(list_languages()))
def test_pictures_are_distinguishable_whatever_their_files_are_called(filenames: list[str], language: str) -> None:
    options = list_options(build_picture_field(filenames, load_messages(language)))

    assert len({option["label"] for option in options}) == len(options)
    assert list_selected(options) == ["0"]


@pytest.mark.parametrize("language", list_languages())
@pytest.mark.parametrize("preferred", ["sdxl", "stable-image-core", "fast-upscale", "nothing"])
def test_one_of_the_models_that_read_pictures_is_selected(catalogue: Catalogue, language: str, preferred: str) -> None:
    options = list_options(build_model_field(catalogue, preferred, load_messages(language)))

    assert {option["value"] for option in options} == {"sd3.5-large", "sdxl"}
    assert list_selected(options) == ["sdxl" if preferred == "sdxl" else "sd3.5-large"]


def test_the_preferred_of_more_than_twenty_five_models_is_never_cut_off() -> None:
    options = list_options(build_model_field(MANY_MODELS, "m29", load_messages("en")))

    assert list_selected(options) == ["m29"]


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5000), st.sampled_from(["prompt", "negative", "keep"])
)
def test_the_value_of_a_text_field_fits(value: str, name: str) -> None:
    for is_multiline, limit in ((True, 4000), (False, 30)):
        field: Any = build_text_field(name, load_messages("fr"), value=value, is_multiline=is_multiline)
        text_input = field.to_component_dict()["component"]

        assert text_input["max_length"] == limit
        assert utf16_length(text_input.get("value") or "") <= limit
