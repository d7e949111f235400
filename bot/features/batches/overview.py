"""`/batch list`, shown to whoever asks alone."""

from dataclasses import dataclass

import discord
from discord.app_commands import Choice

from bot.discord_client.command_builder import CHOICES_LIMIT, LABEL_LIMIT
from bot.features.batches.access import BatchReader, list_readable_batches
from bot.features.batches.overview_view import build_list_view
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with
from shared.problems import RejectedError


@dataclass(frozen=True)
class OverviewCommands:
    """Shows the user's own batches, and those whose channel they can read."""

    store: BatchReader

    async def show_list(self, interaction: discord.Interaction) -> None:
        """List the batches of the server, newest first."""

        async def render() -> RenderedMessage:
            batches = await list_readable_batches(self.store, interaction)
            return RenderedMessage(build_list_view(batches, get_localized_messages(interaction)))

        await respond_with(interaction, render)

    async def autocomplete_batch(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the batches of the server, newest first."""
        return await self._complete(interaction, current, is_open=None)

    async def autocomplete_open_batch(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the batches of the server that are not over."""
        return await self._complete(interaction, current, is_open=True)

    async def _complete(
        self, interaction: discord.Interaction, current: str, *, is_open: bool | None
    ) -> list[Choice[str]]:
        try:
            async with limit_lookup_time(interaction):
                batches = await list_readable_batches(self.store, interaction, is_open=is_open)
        except RejectedError:
            return []
        typed = current.strip().casefold()
        found = [
            Choice(name=batch.brief.title[:LABEL_LIMIT] or batch.id, value=batch.id)
            for batch in batches
            if typed in f"{batch.brief.title}\n{batch.id}".casefold()
        ]
        return found[:CHOICES_LIMIT]
