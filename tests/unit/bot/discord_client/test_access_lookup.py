"""An interaction whose member cannot be looked up is refused while Discord still takes the response."""

import asyncio
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.discord_client.running_interactions import RunningInteractions
from bot.domain.blocks import Block
from bot.interactions import deadlines
from bot.interactions.access import AccessRule


class HangingBlocks:
    """Blocks of a database that does not answer."""

    async def find_block(self, guild_id: int, user_id: int) -> Block | None:
        del guild_id, user_id
        await asyncio.sleep(60)
        return None


async def test_a_block_that_cannot_be_looked_up_in_time_lets_nobody_in_and_is_explained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deadlines, "LOOKUP_TIMEOUT_SECONDS", 0.05)
    shown: list[str] = []

    async def send_message(text: str, **_: Any) -> None:
        shown.append(text)

    interaction: Any = SimpleNamespace(
        id=1,
        user=SimpleNamespace(id=1),
        guild_id=1,
        client=None,
        extras={},
        locale=discord.Locale.american_english,
        type=discord.InteractionType.application_command,
        response=SimpleNamespace(send_message=send_message),
    )
    running = RunningInteractions(access_rule=AccessRule(HangingBlocks()))

    async with asyncio.timeout(5):
        assert not await running.start_interaction(interaction)

    assert len(shown) == 1
