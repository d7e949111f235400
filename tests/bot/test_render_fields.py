"""The fields of forms keep Discord's limits in every language, whatever files are called."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.phrases import languages, phrases_for
from bot.render.fields import model_field, picture_field, picture_label, text_field
from shared.catalogue import Catalogue, load_catalogue
from shared.job import Job, Place, Requester
from shared.prompts import TextPrompt
from shared.request import Request

TODAY = date(2026, 11, 22)
MANY = load_catalogue(
    "\n".join(
        f'[models.m{number}]\nname = "{"M" * 120}"\nid = "m{number}"\ndialect = "sdxl"\nregions = ["us-east-1"]\n'
        f'price_usd = 1\npicture = "optional"\nstreaming = false\ntypical_seconds = 1\nconcurrency = 1\n'
        f"per_minute = 0\nsizes = [[512, 512]]\n[models.m{number}.fields.prompt]\nlimit = 100"
        for number in range(30)
    )
)


def wide(words: str) -> int:
    return len(words.encode("utf-16-le", "surrogatepass")) // 2


def options(field: Any) -> Iterator[dict[str, Any]]:
    whole = field.to_component_dict()
    assert 1 <= wide(whole["label"]) <= 45
    assert 1 <= wide(whole["description"]) <= 100
    assert 1 <= len(whole["component"]["options"]) <= 25
    yield from whole["component"]["options"]


@given(st.lists(st.text(st.characters(), max_size=300), min_size=1, max_size=30), st.sampled_from(languages()))
def test_pictures_are_told_apart_whatever_their_files_are_called(names: list[str], language: str) -> None:
    found = list(options(picture_field(names, phrases_for(language))))

    assert all(1 <= wide(option["label"]) <= 100 for option in found)
    assert len({option["label"] for option in found}) == len(found)
    assert [option["value"] for option in found if option.get("default")] == ["0"]


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("preferred", ["sdxl", "stable-image-core", "fast-upscale", "nothing"])
def test_one_of_the_models_that_read_pictures_is_chosen(catalogue: Catalogue, language: str, preferred: str) -> None:
    found = list(options(model_field(catalogue, TODAY, preferred, phrases_for(language))))

    assert {option["value"] for option in found} == {"sd3.5-large", "sdxl"}
    chosen = [option["value"] for option in found if option.get("default")]
    assert chosen == ["sdxl" if preferred == "sdxl" else "sd3.5-large"]


def test_of_many_models_with_long_names_twenty_five_are_shown() -> None:
    found = list(options(model_field(MANY, TODAY, "m29", phrases_for("en"))))

    assert all(wide(option["label"]) <= 100 for option in found)
    assert [option["value"] for option in found if option.get("default")] == ["m29"]


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5000), st.sampled_from(["prompt", "negative", "keep"])
)
def test_what_is_there_already_fits(written: str, name: str) -> None:
    for long, limit in ((True, 4000), (False, 30)):
        field: Any = text_field(name, phrases_for("fr"), value=written, long=long).to_component_dict()

        assert field["component"]["max_length"] == limit
        assert wide(field["component"].get("value") or "") <= limit


@given(st.text(st.characters(), max_size=300), st.none() | st.integers(0, 2**32), st.sampled_from(languages()))
def test_a_picture_is_named_within_a_choice(prompt: str, seed: int | None, language: str) -> None:
    request = Request(model="sdxl", text_prompts=(TextPrompt(text=prompt),) if prompt else (), has_picture=True)
    job = Job(
        id="1442000000000000001-09",
        request=request,
        seed=seed,
        requester=Requester(id=42, name="ada"),
        place=Place(guild=1, channel=2, message=3),
        accepted_at=0,
    )

    assert 1 <= wide(picture_label(job, seed, phrases_for(language))) <= 100
