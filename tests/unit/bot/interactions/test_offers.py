"""A server offers only some models: lists show these, and requests that name none get one of these."""

from typing import Any, cast

import pytest

from bot.domain.guild_settings import GuildSettings
from bot.domain.preferences import Preferences
from bot.interactions.offers import require_picture_model, restrict_catalogue
from bot.rendering.form_fields import build_model_field
from bot.submission.model_selection import pick_model
from bot.submission.preset_option import PresetDefaults
from bot.submission.validation import RequestValidator
from shared.catalogue import load_catalogue
from shared.i18n.messages import load_messages
from shared.problems import RejectedError
from shared.request.builder import build_request
from tests.support.catalogues import SDXL_IN_IMAGINE
from tests.support.members import make_interaction
from tests.unit.bot.submission.test_command_options import build_commands

CATALOGUE = load_catalogue(SDXL_IN_IMAGINE)
WORDS_ONLY = GuildSettings(models=frozenset({"stable-image-core", "stable-image-ultra"}))
SDXL_ONLY = GuildSettings(models=frozenset({"sdxl"}))


async def test_only_models_on_offer_are_completed_and_the_first_is_the_default() -> None:
    (command,) = build_commands(CATALOGUE)
    complete = cast("Any", command)._params["model"].autocomplete

    choices = await complete(await make_interaction(settings=WORDS_ONLY), "")

    assert [choice.name for choice in choices] == ["Stable Image Core (default) · $0.04", "Stable Image Ultra · $0.14"]
    assert len(await complete(await make_interaction(), "")) == 4
    assert len(await complete(await make_interaction(settings=None), "")) == 4, "what is chosen is checked later"


@pytest.mark.parametrize(
    ("settings", "preset", "preferred", "model"),
    [
        (GuildSettings(), {}, {}, "sd3.5-large"),
        (WORDS_ONLY, {}, {}, "stable-image-core"),
        (WORDS_ONLY, {"model": "stable-image-ultra"}, {}, "stable-image-ultra"),
        (WORDS_ONLY, {"model": "sdxl"}, {}, "stable-image-core"),
        (WORDS_ONLY, {}, {"model": "sd3.5-large"}, "stable-image-core"),
        (SDXL_ONLY, {}, {"model": "sd3.5-large"}, "sdxl"),
    ],
)
async def test_a_request_that_names_no_model_gets_one_on_offer(
    settings: GuildSettings, preset: dict[str, Any], preferred: dict[str, Any], model: str
) -> None:
    interaction = await make_interaction(settings=settings, preferences=Preferences(options=preferred))

    built = RequestValidator(CATALOGUE, (), 10**6).build_request(
        interaction, None, {"prompt": "a castle"}, presets=PresetDefaults(chosen=preset)
    )

    assert built.request.model == model


async def test_a_form_lists_only_models_on_offer() -> None:
    field: Any = build_model_field(restrict_catalogue(CATALOGUE, SDXL_ONLY), "sd3.5-large", load_messages("en"))

    assert [option.value for option in field.component.options] == ["sdxl"]


@pytest.mark.parametrize(
    ("settings", "model"),
    [
        (GuildSettings(), "sd3.5-large"),
        (WORDS_ONLY, "stable-image-core"),
        (GuildSettings(models=frozenset({"none"})), "sd3.5-large"),  # which the rules refuse, and say so
    ],
)
async def test_a_repeated_request_goes_to_a_model_on_offer(settings: GuildSettings, model: str) -> None:
    request = build_request(CATALOGUE, prompt="a castle", model="sd3.5-large", has_picture=False).request

    assert pick_model(await make_interaction(settings=settings), CATALOGUE, request).key == model


async def test_a_server_whose_models_read_no_picture_says_so() -> None:
    with pytest.raises(RejectedError) as raised:
        require_picture_model(await make_interaction(settings=WORDS_ONLY), CATALOGUE, "sd3.5-large")

    assert raised.value.problems[0].code == "picture_not_on_offer"
    assert require_picture_model(await make_interaction(settings=SDXL_ONLY), CATALOGUE, "sd3.5-large").key == "sdxl"
