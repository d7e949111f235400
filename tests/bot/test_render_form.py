"""The form of a result's settings holds what its model reads, filled in, within Discord's limits."""

from typing import Any

from discord import ui
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.interactions.forms import modal
from bot.phrases import languages, phrases_for
from bot.render.fields import TEXT_LIMIT
from bot.render.form import form_parts, texts_of
from bot.views import Press
from shared.request import Request
from tests.bot.test_render import CATALOGUE, EN, FR, ask, requests, wide


def shown(request: Request, seed: int | None = 7, language: str = "en") -> dict[str, dict[str, Any]]:
    """Give the fields as Discord gets them, by their custom ids."""
    parts = form_parts(request, seed, CATALOGUE.models[request.model], phrases_for(language))
    whole = modal("Edit", Press("edit", "1"), *parts).to_dict()
    assert all(1 <= wide(part["label"]) <= 45 and wide(part["description"]) <= 100 for part in whole["components"])
    assert 1 <= len(whole["components"]) <= 5
    return {part["component"]["custom_id"]: part["component"] for part in whole["components"]}


@given(requests, st.integers(0, 2**32), st.sampled_from(languages()))
def test_a_form_fits_discord_whatever_was_written(request: Request, seed: int, language: str) -> None:
    assume(request.model in CATALOGUE.models and CATALOGUE.models[request.model].key != "fast-upscale")
    assume(all(wide(text) <= TEXT_LIMIT for text in texts_of(request).values()))

    for name, field in shown(request, seed, language).items():
        if name == "style_preset":
            assert 1 <= len(field["options"]) <= 25
            assert all(1 <= wide(option["label"]) <= 100 for option in field["options"])
            assert sum(option["default"] for option in field["options"]) <= 1
        else:
            assert wide(field.get("value") or "") <= field["max_length"] <= 4000


def test_a_form_has_the_fields_that_the_model_reads_and_no_others() -> None:
    assert list(shown(ask("sdxl"))) == ["prompt", "negative", "keep", "seed", "style_preset"]
    assert list(shown(ask("sd3.5-large"))) == ["prompt", "negative", "keep", "seed"]
    assert list(shown(ask("sd3.5-large", has_picture=False))) == ["prompt", "negative", "seed"]
    assert list(shown(ask("conservative-upscale"))) == ["prompt", "negative", "seed"]
    assert "keep" not in shown(ask("sdxl", init_image_mode="STEP_SCHEDULE"))
    assert form_parts(ask("fast-upscale"), None, CATALOGUE.models["fast-upscale"], EN) == []


def test_a_form_is_filled_in() -> None:
    fields = shown(ask("sdxl", prompt="a|b", keep=12.5, style_preset="anime"), language="fr")

    assert [fields[name].get("value") for name in ("prompt", "negative", "keep", "seed")] == [
        r"a\|b",
        None,
        "12,5",
        "7",
    ]
    assert [o["value"] for o in fields["style_preset"]["options"] if o["default"]] == ["anime"]
    assert FR.choice("style_preset", "anime") in [o["label"] for o in fields["style_preset"]["options"]]


def test_only_the_prompt_must_be_filled_in() -> None:
    parts = form_parts(ask("sdxl"), None, CATALOGUE.models["sdxl"], EN)

    inner = [part.component for part in parts]
    assert [part.required for part in inner if isinstance(part, ui.TextInput | ui.Select)] == [True, *[False] * 4]
