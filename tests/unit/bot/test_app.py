"""The whole bot as it is composed: every command within Discord's limits, every custom id with one handler."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.app import build_features
from bot.discord_client.command_builder import shorten_typed_texts
from bot.discord_client.feature import Feature
from bot.explorations.buttons import StartExplorationId
from bot.features.reimagine.command import ReimagineModalId
from bot.features.result_actions.custom_ids import (
    ConfirmDeleteId,
    EditModalId,
    MetadataRunId,
    UpscaleWithId,
    UseAsSourceModalId,
)
from bot.interactions.access import Access
from bot.interactions.custom_ids import CUSTOM_ID_LIMIT, CustomId
from bot.interactions.result_buttons import (
    CancelId,
    RegenerateAllId,
    RegenerateId,
    RegenerateWithId,
    UpscaleAtOnceId,
    VaryId,
)
from bot.services import open_services
from bot.settings import Settings
from bot.submission.syntax_question import GoOnWithoutId, UseWordsId
from shared.catalogue import Catalogue
from shared.i18n.messages import list_languages
from tests.support.commands import build_payloads, localize

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


async def build_all_payloads(features: list[Feature]) -> list[dict[str, Any]]:
    return await build_payloads([command for feature in features for command in feature.commands])


def iterate_entries(command: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Walk a command, its subcommands and their options."""
    yield command
    for option in command.get("options", ()):
        yield from iterate_entries(option)


@pytest.mark.parametrize("language", list_languages())
async def test_commands_and_options_keep_discords_limits(features: list[Feature], language: str) -> None:
    payloads = await build_all_payloads(features)
    chat_commands = [payload for payload in payloads if payload["type"] == discord.AppCommandType.chat_input.value]

    assert len({localize(payload, "name", language) for payload in payloads}) == len(payloads) == 31
    in_servers_only = {payload["name"] for payload in payloads if payload["contexts"] != [0, 1]}
    assert in_servers_only == {
        "audit",
        "batch",
        "budget",
        "diagnose",
        "gallery",
        "moderate",
        "round",
        "server",
        "team",
        "top",
        "words",
    }
    assert all(payload["integration_types"] == [0] for payload in payloads)
    for entry in (entry for command in chat_commands for entry in iterate_entries(command)):
        name = localize(entry, "name", language)
        assert re.fullmatch(r"[-_'\w]{1,32}", name)
        assert name == name.lower()
        assert 1 <= len(localize(entry, "description", language)) <= 100
        options = [localize(option, "name", language) for option in entry.get("options", ())]
        assert len(options) == len(set(options)) <= 25


async def test_every_option_that_is_completed_while_typing_searches_for_a_short_text(features: list[Feature]) -> None:
    commands = [command for feature in features for command in feature.commands]
    leaves = [leaf for c in commands for leaf in (c.commands if isinstance(c, app_commands.Group) else [c])]

    callbacks: list[Any] = [
        parameter.autocomplete
        for leaf in leaves
        for parameter in getattr(leaf, "_params", {}).values()
        if parameter.autocomplete
    ]

    assert len(callbacks) == 70
    assert {callback.__module__ for callback in callbacks} == {shorten_typed_texts.__module__}


async def test_only_those_who_manage_or_moderate_the_server_see_its_commands(features: list[Feature]) -> None:
    payloads = await build_all_payloads(features)

    limited = {payload["name"]: payload["default_member_permissions"] for payload in payloads}
    assert {name: bits for name, bits in limited.items() if bits is not None} == {
        "words": discord.Permissions(manage_guild=True).value,
        "server": discord.Permissions(manage_guild=True).value,
        "audit": discord.Permissions(manage_guild=True).value,
        "gallery": discord.Permissions(manage_messages=True).value,
        "moderate": discord.Permissions(moderate_members=True).value,
        "diagnose": discord.Permissions(moderate_members=True).value,
    }


async def test_help_ones_own_data_and_administration_are_never_closed_and_nothing_that_makes_pictures_is_open(
    features: list[Feature],
) -> None:
    commands = {command.name: feature.access for feature in features for command in feature.commands}
    routes = {route.id_type: route.access or feature.access for feature in features for route in feature.routes}

    never_closed = {name for name, access in commands.items() if access is Access.ALWAYS}
    assert {"help", "about", "queue", "export", "forget-me", "budget"} <= never_closed
    assert {"server", "team", "moderate", "audit", "words", "diagnose"} <= never_closed
    assert {"imagine", "explore", "Reimagine"} <= {
        name for name, access in commands.items() if access is Access.REQUEST
    }
    making = (
        *(RegenerateId, RegenerateWithId, RegenerateAllId, VaryId, EditModalId, UseAsSourceModalId, UpscaleAtOnceId),
        *(UpscaleWithId, MetadataRunId, ReimagineModalId, StartExplorationId, GoOnWithoutId, UseWordsId),
    )
    assert {routes[id_type] for id_type in making} == {Access.REQUEST}
    assert {routes[id_type] for id_type in (ConfirmDeleteId, CancelId)} == {Access.ALWAYS}


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
