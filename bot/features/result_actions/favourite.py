"""Favourite: marks a result as the user's favourite, or unmarks it."""

from dataclasses import dataclass
from functools import partial

import discord

from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import run_and_report
from bot.interactions.result_buttons import FavouriteId
from bot.results.lookup import ResultLookup
from bot.storage.favourites import SqlFavouriteStore


@dataclass(frozen=True)
class FavouriteHandler:
    """Toggles favourites for everyone who sees the result."""

    favourites: SqlFavouriteStore
    result_lookup: ResultLookup

    async def toggle_favourite(self, interaction: discord.Interaction, custom_id: FavouriteId) -> None:
        """Toggle the mark and tell the user alone."""
        await run_and_report(interaction, partial(self._toggle_favourite, interaction, custom_id.job_id))

    async def _toggle_favourite(self, interaction: discord.Interaction, job_id: str) -> str:
        settings = await self.result_lookup.find_generation_settings(interaction, job_id)
        is_marked = await self.favourites.toggle_favourite(interaction.user.id, settings.job_id)
        return get_localized_messages(interaction).text("favourite.marked" if is_marked else "favourite.unmarked")
