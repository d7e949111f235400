"""Favourite: marks a result for the one who presses, or takes the mark away."""

from dataclasses import dataclass
from functools import partial

import discord

from bot.interactions.answers import report
from bot.interactions.speaking import phrases_of
from bot.ports import Favourites
from bot.recall import Recall
from bot.views import Press


@dataclass(frozen=True)
class Favourite:
    """Everyone who sees a result may mark it: nothing is made of it."""

    favourites: Favourites
    recall: Recall

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        await report(interaction, partial(self._toggle, interaction, press.job_id))

    async def _toggle(self, interaction: discord.Interaction, job_id: str) -> str:
        recipe = await self.recall.recipe(interaction, job_id)
        marked = await self.favourites.toggle(interaction.user.id, recipe.job_id)
        return phrases_of(interaction).say("favourite.marked" if marked else "favourite.unmarked")
