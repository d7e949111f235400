"""Details: everything that is known of a result, for the one who presses."""

from dataclasses import dataclass
from functools import partial

import discord

from bot.interactions.showing import Shown, present
from bot.interactions.speaking import phrases_of
from bot.recall import Recall
from bot.render import details_view
from bot.views import Press, details_rows
from shared.catalogue import Catalogue


@dataclass(frozen=True)
class Details:
    """Everyone who sees a result may read them: nothing is made of it."""

    catalogue: Catalogue
    recall: Recall

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        await present(interaction, partial(self._details, interaction, press.job_id))

    async def _details(self, interaction: discord.Interaction, job_id: str) -> Shown:
        recipe = await self.recall.recipe(interaction, job_id)
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
        return Shown(view)
