"""A form that changes an earlier request: its fields replace settings, except those that are locked, also if forged."""

import pytest

from bot.submission.edited_request import build_edited_request
from bot.submission.validation import RequestValidator
from shared.prompts import TextPrompt, split_negative_prompt
from shared.request.model import MaskKind, Request
from tests.support.members import make_interaction
from tests.support.views import CATALOGUE, make_request

REQUEST = make_request("sdxl", keep=40.0, seed=7, style_preset="anime", steps=30)
"""For a castle at keep 40, with the seed 7 and the style anime."""


async def submit(fields: dict[str, str], request: Request = REQUEST, *, locked: tuple[str, ...] = ()) -> Request:
    """Submit the form of a request."""
    interaction = await make_interaction()
    boxes = [{"type": 18, "component": {"custom_id": name, "value": value}} for name, value in fields.items()]
    interaction.data = {"components": boxes}
    validator = RequestValidator(CATALOGUE, (), 1 << 20)
    model = CATALOGUE.models[request.model]
    return build_edited_request(interaction, validator, request, 7, model, locked=locked).request


async def test_fields_replace_settings_and_the_others_stay() -> None:
    built = await submit({"prompt": "a tower", "negative": "people", "keep": "25", "seed": "", "style_preset": ""})

    assert split_negative_prompt(built.text_prompts) == ("a tower", "people")
    assert (built.keep, built.seed, built.style_preset, built.steps) == (25.0, None, None, 30)


async def test_a_locked_option_stays_whatever_the_form_says() -> None:
    forged = {"prompt": "a tower", "keep": "25", "seed": "8", "style_preset": "cinematic"}

    built = await submit(forged, locked=("keep", "style_preset"))

    assert (built.keep, built.style_preset, built.seed) == (40.0, "anime", 8)


@pytest.mark.parametrize(
    "options",
    [
        {"model": "inpaint", "mask": MaskKind.PICTURE, "grow_mask": 9},
        {"model": "style-transfer", "has_style_picture": True, "style_strength": 0.4},
        {"model": "search-replace", "search_prompt": "the boat"},
    ],
)
async def test_an_edit_keeps_its_region_its_style_and_what_it_looks_for(options: dict[str, object]) -> None:
    request = Request(text_prompts=(TextPrompt(text="a swan"),), has_picture=True, **options)

    built = await submit({"prompt": "a heron"}, request)

    assert built == request.model_copy(update={"text_prompts": (TextPrompt(text="a heron"),)})
