"""What Discord is told about the looking commands keeps its limits in every language."""

import re
from collections import defaultdict
from typing import Any, cast

import discord
import pytest

from bot.command_registry import build_browsing_commands
from bot.discord_client.command_tree import GuildCommandTree
from bot.discord_client.translator import CommandTranslator
from bot.i18n import list_languages
from shared.catalogue import Catalogue


async def build_payloads(catalogue: Catalogue) -> list[dict[str, Any]]:
    commands = build_browsing_commands(catalogue, defaultdict(object))
    tree = cast("Any", GuildCommandTree(discord.Client(intents=discord.Intents.none()), commands))
    return [await command.get_translated_payload(tree, CommandTranslator()) for command in commands]


def read_description(entry: dict[str, Any], what: str, language: str) -> str:
    return str(entry.get(f"{what}_localizations", {}).get(language, entry[what]))


@pytest.mark.parametrize("language", list_languages())
async def test_the_looking_commands_keep_discords_limits(catalogue: Catalogue, language: str) -> None:
    found = await build_payloads(catalogue)

    assert len({read_description(one, "name", language) for one in found}) == len(found)
    for one in (part for whole in found for part in (whole, *whole["options"])):
        assert re.fullmatch(r"[-_'\w]{1,32}", read_description(one, "name", language))
        assert read_description(one, "name", language) == read_description(one, "name", language).lower()
        assert 1 <= len(read_description(one, "description", language)) <= 100
    for whole in found:
        assert (whole["contexts"], whole["integration_types"]) == ([0], [0])
        names = [read_description(option, "name", language) for option in whole["options"]]
        assert len(names) == len(set(names))
