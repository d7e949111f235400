"""What Discord is told about `/presets` keeps its limits in every language."""

import re
from collections import defaultdict
from typing import Any, cast

import discord
import pytest

from bot.discord_client.command_tree import GuildCommandTree
from bot.discord_client.translator import CommandTranslator
from bot.features.presets.command import build_preset_group
from bot.i18n import list_languages
from tests.unit.bot.submission.test_command_options import localize


async def build_payload() -> dict[str, Any]:
    group = build_preset_group(defaultdict(object))
    tree = cast("Any", GuildCommandTree(discord.Client(intents=discord.Intents.none()), [group]))
    return await group.get_translated_payload(tree, CommandTranslator())


@pytest.mark.parametrize("language", list_languages())
async def test_the_group_and_its_parts_keep_discords_limits(language: str) -> None:
    group = await build_payload()
    parts = group["options"]

    assert (group["contexts"], group["integration_types"]) == ([0], [0])
    for siblings in (parts, *(part["options"] for part in parts)):
        names = [localize(one, "name", language) for one in siblings]
        assert len(names) == len(set(names))
    for one in (group, *parts, *(option for part in parts for option in part["options"])):
        assert re.fullmatch(r"[-_'\w]{1,32}", localize(one, "name", language))
        assert localize(one, "name", language) == localize(one, "name", language).lower()
        assert 1 <= len(localize(one, "description", language)) <= 100


async def test_a_name_has_one_to_thirty_two_characters() -> None:
    options = [option for part in (await build_payload())["options"] for option in part["options"]]

    named = [option for option in options if option["name"] == "name"]
    assert [(option["min_length"], option["max_length"]) for option in named] == [(1, 32)] * 3
