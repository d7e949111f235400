"""`/presets` and its subcommands keep Discord's limits in every language."""

import re
from typing import Any

import pytest

from bot.features.presets.feature import build_presets_feature
from bot.submission.preset_option import PresetOption
from shared.i18n.messages import list_languages
from tests.support.commands import UNUSED, build_payloads, localize


async def build_payload() -> dict[str, Any]:
    feature = build_presets_feature(UNUSED, PresetOption(UNUSED), UNUSED, UNUSED, UNUSED)
    (group,) = await build_payloads(feature.commands)
    return group


@pytest.mark.parametrize("language", list_languages())
async def test_the_group_and_its_subcommands_keep_discords_limits(language: str) -> None:
    group = await build_payload()
    subcommands = group["options"]

    assert (group["contexts"], group["integration_types"]) == ([0], [0])
    for siblings in (subcommands, *(subcommand["options"] for subcommand in subcommands)):
        names = [localize(sibling, "name", language) for sibling in siblings]
        assert len(names) == len(set(names))
    for entry in (group, *subcommands, *(option for subcommand in subcommands for option in subcommand["options"])):
        assert re.fullmatch(r"[-_'\w]{1,32}", localize(entry, "name", language))
        assert localize(entry, "name", language) == localize(entry, "name", language).lower()
        assert 1 <= len(localize(entry, "description", language)) <= 100


async def test_a_preset_name_has_one_to_thirty_two_characters() -> None:
    options = [option for subcommand in (await build_payload())["options"] for option in subcommand["options"]]

    names = [option for option in options if option["name"] == "name"]
    assert [(option["min_length"], option["max_length"]) for option in names] == [(1, 32)] * 3
