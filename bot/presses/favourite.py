"""Favourite: marks a result for the one who presses, or takes the mark away."""

from dataclasses import dataclass

import discord

from bot.interactions.answers import refuse, tell
from bot.interactions.speaking import phrases_of
from bot.ports import Favourites
from bot.recall import Recall
from bot.views import Press
from shared.errors import Refused


@dataclass(frozen=True)
class Favourite:
    """Everyone who sees a result may mark it: nothing is made of it."""

    favourites: Favourites
    recall: Recall

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        try:
            recipe = await self.recall.recipe(interaction, press.job_id)
            marked = await self.favourites.toggle(interaction.user.id, recipe.job_id)
        except Refused as refused:
            await refuse(interaction, refused.problems)
            return
        await tell(interaction, phrases_of(interaction).say("favourite.marked" if marked else "favourite.unmarked"))
