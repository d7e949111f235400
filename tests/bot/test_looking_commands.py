"""What Discord is told about the looking commands keeps its limits in every language."""

import re
from collections import defaultdict
from typing import Any, cast

import discord
import pytest

from bot.client import Tree
from bot.commands.looking import looking
from bot.commands.translation import PhraseTranslator
from bot.phrases import languages
from shared.catalogue import Catalogue


async def payloads(catalogue: Catalogue) -> list[dict[str, Any]]:
    commands = looking(catalogue, defaultdict(object))
    tree = cast("Any", Tree(discord.Client(intents=discord.Intents.none()), commands))
    return [await command.get_translated_payload(tree, PhraseTranslator()) for command in commands]


def said(entry: dict[str, Any], what: str, language: str) -> str:
    return str(entry.get(f"{what}_localizations", {}).get(language, entry[what]))


@pytest.mark.parametrize("language", languages())
async def test_the_looking_commands_keep_discords_limits(catalogue: Catalogue, language: str) -> None:
    found = await payloads(catalogue)

    assert len({said(one, "name", language) for one in found}) == len(found)
    for one in (part for whole in found for part in (whole, *whole["options"])):
        assert re.fullmatch(r"[-_'\w]{1,32}", said(one, "name", language))
        assert said(one, "name", language) == said(one, "name", language).lower()
        assert 1 <= len(said(one, "description", language)) <= 100
    for whole in found:
        assert (whole["contexts"], whole["integration_types"]) == ([0], [0])
        names = [said(option, "name", language) for option in whole["options"]]
        assert len(names) == len(set(names))
