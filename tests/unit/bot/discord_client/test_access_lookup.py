"""Where it is unknown whether a member may use the bot, no picture is made, and everything else goes on."""

import asyncio
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.discord_client.feature import Feature
from bot.discord_client.interaction_access import InteractionAccess
from bot.discord_client.running_interactions import RunningInteractions
from bot.domain.blocks import Block
from bot.domain.guild_settings import GuildSettings
from bot.interactions import deadlines
from bot.interactions.access import Access, AccessRule
from bot.interactions.result_buttons import DeleteId, RegenerateId
from bot.interactions.routing import Route
from shared.problems import RejectedError, make_problem
from tests.support.commands import UNUSED
from tests.support.fake_stores import FakeGuildSettingsStore
from tests.support.members import make_interaction


def make_feature(access: Access, *routes: Route[Any]) -> Feature:
    command: Any = SimpleNamespace(name=str(access))
    return Feature(commands=[command], routes=routes, access=access)


ACCESS = InteractionAccess(
    [
        make_feature(Access.ALWAYS),
        make_feature(Access.VIEW),
        make_feature(Access.REQUEST, Route(RegenerateId, UNUSED), Route(DeleteId, UNUSED, Access.ALWAYS)),
    ]
)
REQUESTS = [{"name": "request"}, {"name": "unheard of"}, {"custom_id": "regenerate:17"}, {"custom_id": "unheard of:17"}]
OTHERS = [{"name": "view"}, {"name": "always"}, {"custom_id": "delete:17"}, {"custom_id": "delete:17~nonce"}]


class HangingBlocks:
    """Blocks of a database that does not answer."""

    async def find_block(self, guild_id: int, user_id: int) -> Block | None:
        del guild_id, user_id
        await asyncio.sleep(60)
        return None


class FailingBlocks:
    """Blocks of a database that is down."""

    async def find_block(self, guild_id: int, user_id: int) -> Block | None:
        del guild_id, user_id
        raise RejectedError(make_problem("database_unavailable"))


class NoBlocks:
    """Blocks of a server where nobody is blocked."""

    async def find_block(self, guild_id: int, user_id: int) -> Block | None:
        del guild_id, user_id
        return None


async def start(data: dict[str, Any], blocks: Any, settings: GuildSettings | None) -> tuple[bool, list[str]]:
    """Start an interaction, and return whether it may go on, and what its user is shown."""
    shown: list[str] = []

    async def send_message(text: str, **_: Any) -> None:
        shown.append(text)

    interaction = await make_interaction()
    interaction.extras.clear()
    interaction.data = data
    is_component = "custom_id" in data
    interaction.type = (
        discord.InteractionType.component if is_component else discord.InteractionType.application_command
    )
    interaction.response = SimpleNamespace(send_message=send_message)
    running = RunningInteractions(
        guild_settings=FakeGuildSettingsStore(settings),
        access_rule=AccessRule(blocks),
        interaction_access=ACCESS,
    )
    async with asyncio.timeout(5):
        return await running.start_interaction(interaction), shown


@pytest.mark.parametrize("blocks", [HangingBlocks(), FailingBlocks()])
@pytest.mark.parametrize(("data", "goes_on"), [(data, False) for data in REQUESTS] + [(data, True) for data in OTHERS])
async def test_a_block_that_cannot_be_looked_up_stops_requests_alone(
    monkeypatch: pytest.MonkeyPatch, blocks: Any, data: dict[str, Any], goes_on: bool
) -> None:
    monkeypatch.setattr(deadlines, "LOOKUP_TIMEOUT_SECONDS", 0.05)

    may_go_on, shown = await start(data, blocks, GuildSettings())

    assert (may_go_on, len(shown)) == (goes_on, 0 if goes_on else 1)


@pytest.mark.parametrize(("data", "goes_on"), [(data, False) for data in REQUESTS] + [(data, True) for data in OTHERS])
async def test_settings_that_cannot_be_loaded_open_nothing(data: dict[str, Any], goes_on: bool) -> None:
    may_go_on, shown = await start(data, NoBlocks(), None)

    assert (may_go_on, len(shown)) == (goes_on, 0 if goes_on else 1)


@pytest.mark.parametrize("data", [*REQUESTS, *OTHERS])
async def test_a_channel_that_the_server_closes_is_closed_to_everything_but_help_and_administration(
    data: dict[str, Any],
) -> None:
    may_go_on, shown = await start(data, NoBlocks(), GuildSettings(allowed_channel_ids=frozenset({99})))

    assert may_go_on is (data in OTHERS[1:])
    assert ["Use one of these\\: <#99>; whoever manages the server" in text for text in shown] == [True] * (
        not may_go_on
    )
