"""Favourite: marks a result for the one who presses, or takes the mark away."""

from dataclasses import dataclass
from functools import partial

import discord

from bot.interactions.components import CustomId
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import run_and_report
from bot.results.lookup import ResultLookup
from bot.storage.favourites import SqlFavouriteStore


@dataclass(frozen=True)
class FavouriteHandler:
    """Everyone who sees a result may mark it: nothing is made of it."""

    favourites: SqlFavouriteStore
    result_lookup: ResultLookup

    async def __call__(self, interaction: discord.Interaction, parsed_id: CustomId) -> None:
        await run_and_report(interaction, partial(self._toggle_favourite, interaction, parsed_id.job_id))

    async def _toggle_favourite(self, interaction: discord.Interaction, job_id: str) -> str:
        recipe = await self.result_lookup.find_generation_settings(interaction, job_id)
        marked = await self.favourites.toggle_favourite(interaction.user.id, recipe.job_id)
        return get_localized_messages(interaction).text("favourite.marked" if marked else "favourite.unmarked")
