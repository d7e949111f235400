"""The whole bot as it is composed: every command within Discord's limits, every custom id with one handler."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.app import build_features
from bot.discord_client.command_tree import GuildCommandTree
from bot.discord_client.feature import Feature
from bot.discord_client.translator import CommandTranslator
from bot.i18n import list_languages
from bot.interactions.custom_ids import CUSTOM_ID_LIMIT, CustomId
from bot.services import open_services
from bot.settings import Settings
from shared.catalogue import Catalogue

NONCE_LENGTH = 9


def list_custom_id_types(base: type[CustomId] = CustomId) -> Iterator[type[CustomId]]:
    for child in base.__subclasses__():
        if child.__module__.startswith("bot."):
            yield child
            yield from list_custom_id_types(child)


ID_TYPES = sorted(list_custom_id_types(), key=lambda id_type: id_type.__name__)


@pytest.fixture
async def features(catalogue: Catalogue, tmp_path: Path) -> AsyncIterator[list[Feature]]:
    settings = Settings(
        discord_token=SecretStr("token"), database_url=SecretStr(f"sqlite:///{tmp_path}/bot.db"), _env_file=None
    )
    async with open_services(settings, catalogue) as services:
        yield build_features(services)


async def build_payloads(features: list[Feature]) -> list[dict[str, Any]]:
    commands = [command for feature in features for command in feature.commands]
    tree = cast("Any", GuildCommandTree(discord.Client(intents=discord.Intents.none()), commands))
    return [await command.get_translated_payload(tree, CommandTranslator()) for command in commands]


def read_text(entry: dict[str, Any], field: str, language: str) -> str:
    return str(entry.get(f"{field}_localizations", {}).get(language, entry[field]))


def iterate_entries(command: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Walk a command, its subcommands and their options."""
    yield command
    for option in command.get("options", ()):
        yield from iterate_entries(option)


@pytest.mark.parametrize("language", list_languages())
async def test_commands_and_options_keep_discords_limits(features: list[Feature], language: str) -> None:
    payloads = await build_payloads(features)
    chat_commands = [payload for payload in payloads if payload["type"] == discord.AppCommandType.chat_input.value]

    assert len({read_text(payload, "name", language) for payload in payloads}) == len(payloads)
    assert all((payload["contexts"], payload["integration_types"]) == ([0], [0]) for payload in payloads)
    for entry in (entry for command in chat_commands for entry in iterate_entries(command)):
        name = read_text(entry, "name", language)
        assert re.fullmatch(r"[-_'\w]{1,32}", name)
        assert name == name.lower()
        assert 1 <= len(read_text(entry, "description", language)) <= 100
        options = [read_text(option, "name", language) for option in entry.get("options", ())]
        assert len(options) == len(set(options)) <= 25


async def test_every_custom_id_has_exactly_one_handler(features: list[Feature]) -> None:
    routed = [route.id_type for feature in features for route in feature.routes]

    assert sorted(id_type.__name__ for id_type in routed) == [id_type.__name__ for id_type in ID_TYPES]


@given(
    st.sampled_from(ID_TYPES).flatmap(lambda one: st.tuples(st.just(one), st.from_regex(one.template, fullmatch=True)))
)
def test_a_custom_id_is_parsed_by_its_own_class_alone(sample: tuple[type[CustomId], str]) -> None:
    id_type, text = sample

    (parsed,) = filter(None, (other.parse(text) for other in ID_TYPES))

    assert type(parsed) is id_type
    assert id_type.parse(str(parsed)) == parsed


@pytest.mark.parametrize("id_type", ID_TYPES, ids=lambda id_type: id_type.__name__)
def test_the_longest_custom_id_fits_discord(id_type: type[CustomId]) -> None:
    _, longest = re._parser.parse(id_type.template.pattern).getwidth()  # type: ignore[attr-defined]

    assert longest + NONCE_LENGTH <= CUSTOM_ID_LIMIT
