"""Answers that take a while to make, and files to show them: the bot is seen to think meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import discord
from discord import ui

from bot.interactions.responses import defer, defer_update, format_problems, withdraw_and_explain
from shared.problems import RejectedError

UPLOAD_TIMEOUT_SECONDS: Final = 60.0


@dataclass(frozen=True)
class RenderedMessage:
    """What a message shows, and the files that it shows it of."""

    view: ui.LayoutView
    files: Sequence[discord.File] = ()


async def respond_with(
    interaction: discord.Interaction, render: Callable[[], Awaitable[RenderedMessage]], *, private: bool = True
) -> None:
    """Say that the bot is thinking, then show what was made; when that is refused, the author alone is told why.

    An answer that everyone sees gets the words before it is deleted: once "thinking" is deleted, Discord may take no
    followup. https://github.com/discord/discord-api-docs/issues/3087
    """
    if not await defer(interaction, private=private):
        return
    try:
        await _edit_with_rendered(interaction, await render())
    except RejectedError as refused:
        async with asyncio.timeout(UPLOAD_TIMEOUT_SECONDS):
            await interaction.edit_original_response(content=format_problems(interaction, refused.problems))
        if not private:
            await withdraw_and_explain(interaction, refused.problems)


async def update_message(interaction: discord.Interaction, render: Callable[[], Awaitable[RenderedMessage]]) -> None:
    """Show what was made in the very message that was used; when that is refused, it stays as it is."""
    if not await defer_update(interaction):
        return
    try:
        await _edit_with_rendered(interaction, await render())
    except RejectedError as refused:
        async with asyncio.timeout(UPLOAD_TIMEOUT_SECONDS):
            await interaction.followup.send(format_problems(interaction, refused.problems), ephemeral=True)


async def _edit_with_rendered(interaction: discord.Interaction, rendered: RenderedMessage) -> None:
    async with asyncio.timeout(UPLOAD_TIMEOUT_SECONDS):
        await interaction.edit_original_response(view=rendered.view, attachments=rendered.files)
