"""The fields of forms keep Discord's limits in every language, whatever files are called."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.form_fields import build_model_field, build_picture_field, build_text_field
from bot.rendering.labels import format_picture_label
from shared.catalogue import Catalogue, load_catalogue
from shared.i18n.messages import list_languages, load_messages
from shared.job import Job, Origin, Requester
from shared.prompts import TextPrompt
from shared.request.model import Request

TODAY = date(2026, 11, 22)
MANY_MODELS = load_catalogue(
    "\n".join(
        f'[models.m{number}]\nname = "{"M" * 120}"\nid = "m{number}"\ndialect = "sdxl"\nregions = ["us-east-1"]\n'
        f'price_usd = 1\npicture = "optional"\nstreaming = false\ntypical_seconds = 1\nconcurrency = 1\n'
        f"per_minute = 0\nsizes = [[512, 512]]\n[models.m{number}.fields.prompt]\nlimit = 100"
        for number in range(30)
    )
)


def utf16_length(words: str) -> int:
    return len(words.encode("utf-16-le", "surrogatepass")) // 2


def list_options(field: Any) -> Iterator[dict[str, Any]]:
    whole = field.to_component_dict()
    assert 1 <= utf16_length(whole["label"]) <= 45
    assert 1 <= utf16_length(whole["description"]) <= 100
    assert 1 <= len(whole["component"]["options"]) <= 25
    yield from whole["component"]["options"]


@given(st.lists(st.text(st.characters(), max_size=300), min_size=1, max_size=30), st.sampled_from(list_languages()))
def test_pictures_are_told_apart_whatever_their_files_are_called(names: list[str], language: str) -> None:
    found = list(list_options(build_picture_field(names, load_messages(language))))

    assert all(1 <= utf16_length(option["label"]) <= 100 for option in found)
    assert len({option["label"] for option in found}) == len(found)
    assert [option["value"] for option in found if option.get("default")] == ["0"]


@pytest.mark.parametrize("language", list_languages())
@pytest.mark.parametrize("preferred", ["sdxl", "stable-image-core", "fast-upscale", "nothing"])
def test_one_of_the_models_that_read_pictures_is_chosen(catalogue: Catalogue, language: str, preferred: str) -> None:
    found = list(list_options(build_model_field(catalogue, TODAY, preferred, load_messages(language))))

    assert {option["value"] for option in found} == {"sd3.5-large", "sdxl"}
    chosen = [option["value"] for option in found if option.get("default")]
    assert chosen == ["sdxl" if preferred == "sdxl" else "sd3.5-large"]


def test_of_many_models_with_long_names_twenty_five_are_shown() -> None:
    found = list(list_options(build_model_field(MANY_MODELS, TODAY, "m29", load_messages("en"))))

    assert all(utf16_length(option["label"]) <= 100 for option in found)
    assert [option["value"] for option in found if option.get("default")] == ["m29"]


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5000), st.sampled_from(["prompt", "negative", "keep"])
)
def test_what_is_there_already_fits(written: str, name: str) -> None:
    for long, limit in ((True, 4000), (False, 30)):
        field: Any = build_text_field(name, load_messages("fr"), value=written, is_multiline=long).to_component_dict()

        assert field["component"]["max_length"] == limit
        assert utf16_length(field["component"].get("value") or "") <= limit


@given(st.text(st.characters(), max_size=300), st.none() | st.integers(0, 2**32), st.sampled_from(list_languages()))
def test_a_picture_is_named_within_a_choice(prompt: str, seed: int | None, language: str) -> None:
    request = Request(model="sdxl", text_prompts=(TextPrompt(text=prompt),) if prompt else (), has_picture=True)
    job = Job(
        id="1442000000000000001-09",
        request=request,
        seed=seed,
        requester=Requester(id=42, name="ada"),
        origin=Origin(guild_id=1, channel_id=2, message_id=3),
        accepted_at=0,
    )

    assert 1 <= utf16_length(format_picture_label(job, seed, load_messages(language))) <= 100
