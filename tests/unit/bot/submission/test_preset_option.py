"""A server's default preset fills in what neither the person nor their preferences choose."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.domain.guild_settings import GuildSettings
from bot.domain.owners import Owner
from bot.domain.preferences import Preferences
from bot.domain.presets import Preset
from bot.interactions.locale import set_guild_settings, set_preferences
from bot.interactions.teams import ask_for_oneself
from bot.submission.preset_option import PresetDefaults, PresetOption
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue
from shared.problems import RejectedError

GUILD = 1
HOUSE = Preset("house", "House look", GUILD, {"keep": 80.0, "style_preset": "anime", "model": "stable-image-ultra"})
OWN = Preset("own", "Mine", 0, {"keep": 50.0})
ELSEWHERE = Preset("elsewhere", "Theirs", 7, {"keep": 1.0})


class PresetStore:
    async def list_presets(self, owner: Owner) -> Sequence[Preset]:
        return [HOUSE, OWN]

    async def find_preset_by_code(self, code: str) -> Preset | None:
        return {preset.code: preset for preset in (HOUSE, OWN, ELSEWHERE)}.get(code)


def make_interaction(default_preset: str | None, **preferred: Any) -> Any:
    interaction: Any = SimpleNamespace(
        guild_id=GUILD,
        guild=None,
        user=SimpleNamespace(id=2),
        channel=None,
        channel_id=3,
        permissions=discord.Permissions.none(),
        app_permissions=discord.Permissions.all(),
        extras={},
    )
    set_guild_settings(interaction, GuildSettings(default_preset=default_preset))
    set_preferences(interaction, Preferences(options=preferred))
    ask_for_oneself(interaction)
    return interaction


@pytest.mark.parametrize(
    ("name", "default_preset", "expected"),
    [
        (None, None, PresetDefaults()),
        (None, "house", PresetDefaults(of_server=HOUSE.options)),
        ("mine", "house", PresetDefaults(chosen=OWN.options)),
        ("house look", None, PresetDefaults(chosen=HOUSE.options)),
        (None, "deleted", PresetDefaults()),
        (None, "elsewhere", PresetDefaults()),
        (None, "own", PresetDefaults()),
    ],
)
async def test_a_chosen_preset_takes_the_place_of_the_servers(
    name: str | None, default_preset: str | None, expected: PresetDefaults
) -> None:
    assert await PresetOption(PresetStore()).load_presets(make_interaction(default_preset), name) == expected


async def test_an_unknown_preset_is_refused_in_spite_of_the_servers() -> None:
    with pytest.raises(RejectedError, match="preset_unknown"):
        await PresetOption(PresetStore()).load_presets(make_interaction("house"), "winter")


@pytest.mark.parametrize(
    ("typed", "preferred", "expected"),
    [
        ({}, {}, ("stable-image-ultra", "anime")),
        ({}, {"style_preset": "origami"}, ("stable-image-ultra", "origami")),
        ({"style_preset": "enhance"}, {"style_preset": "origami"}, ("stable-image-ultra", "enhance")),
        ({"model": "stable-image-core"}, {}, ("stable-image-core", "anime")),
        ({}, {"model": "sd3.5-large"}, ("sd3.5-large", "anime")),
    ],
)
async def test_what_a_person_types_or_prefers_comes_before_the_servers_preset(
    catalogue: Catalogue, typed: dict[str, Any], preferred: dict[str, Any], expected: tuple[str, str]
) -> None:
    interaction = make_interaction("house", **preferred)
    presets = await PresetOption(PresetStore()).load_presets(interaction, None)

    built = RequestValidator(catalogue, (), 0).build_request(
        interaction, None, {"prompt": "a castle", **typed}, presets=presets
    )

    style = built.request.style_preset or next(
        style for style in ("anime", "origami", "enhance") if style in built.request.text_prompts[0].text
    )
    assert (built.request.model, style) == expected
