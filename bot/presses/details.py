"""Details: everything that is known of a result, for the one who presses."""

from dataclasses import dataclass

import discord

from bot.interactions.answers import refuse, show
from bot.interactions.speaking import phrases_of
from bot.recall import Recall
from bot.render import details_view
from bot.views import Press, details_rows
from shared.catalogue import Catalogue
from shared.errors import Refused


@dataclass(frozen=True)
class Details:
    """Everyone who sees a result may read them: nothing is made of it."""

    catalogue: Catalogue
    recall: Recall

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        try:
            recipe = await self.recall.recipe(interaction, press.job_id)
        except Refused as refused:
            await refuse(interaction, refused.problems)
            return
        phrases = phrases_of(interaction)
        past = await self.recall.known(recipe.job_id)
        view = details_view(
            recipe,
            self.catalogue.models.get(recipe.request.model),
            phrases,
            past=past,
            parent=await self.recall.parent(interaction, past) if past else None,
            rows=details_rows(recipe, self.catalogue, phrases),
        )
        await show(interaction, view)
