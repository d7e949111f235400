"""Answers that take a while to make, and files to show them: the bot is seen to think meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import discord
from discord import ui

from bot.interactions.answers import acknowledge, hold, take_back, written
from shared.errors import Refused

UPLOAD_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Shown:
    """What a message shows, and the files that it shows it of."""

    view: ui.LayoutView
    files: Sequence[discord.File] = ()


async def present(
    interaction: discord.Interaction, make: Callable[[], Awaitable[Shown]], *, private: bool = True
) -> None:
    """Say that the bot is thinking, then show what was made; when that is refused, the author alone is told why.

    An answer that everyone sees gets the words before it is deleted: once "thinking" is deleted, Discord may take no
    followup. https://github.com/discord/discord-api-docs/issues/3087
    """
    if not await acknowledge(interaction, private=private):
        return
    try:
        await _put(interaction, await make())
    except Refused as refused:
        async with asyncio.timeout(UPLOAD_SECONDS):
            await interaction.edit_original_response(content=written(interaction, refused.problems))
        if not private:
            await take_back(interaction, refused.problems)


async def turn(interaction: discord.Interaction, make: Callable[[], Awaitable[Shown]]) -> None:
    """Show what was made in the very message that was used; when that is refused, it stays as it is."""
    if not await hold(interaction):
        return
    try:
        await _put(interaction, await make())
    except Refused as refused:
        async with asyncio.timeout(UPLOAD_SECONDS):
            await interaction.followup.send(written(interaction, refused.problems), ephemeral=True)


async def _put(interaction: discord.Interaction, shown: Shown) -> None:
    async with asyncio.timeout(UPLOAD_SECONDS):
        await interaction.edit_original_response(view=shown.view, attachments=shown.files)
