"""Details: everything that is known of a result, or that a picture says of itself, for the one who asks."""

from dataclasses import dataclass
from functools import partial

import discord

from bot.interactions.showing import Shown, present
from bot.interactions.speaking import phrases_of
from bot.recall import Recall, job_of, pictures_in
from bot.render import details_view
from bot.views import Press, details_rows, run_rows
from shared.catalogue import Catalogue
from shared.errors import Refused, problem


@dataclass(frozen=True)
class Details:
    """Everyone who sees a result may read them: nothing is made of it."""

    catalogue: Catalogue
    recall: Recall

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        await present(interaction, partial(self._details, interaction, press.job_id))

    async def on(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Tell it of a message's picture: of an answer of ours by the records, of any other by its own words."""
        await present(interaction, partial(self._written, interaction, message))

    async def _written(self, interaction: discord.Interaction, message: discord.Message) -> Shown:
        job_id = job_of(message, interaction.client)
        if job_id is not None and await self.recall.known(job_id) is not None:
            return await self._details(interaction, job_id)
        phrases = phrases_of(interaction)
        async for recipe, source in self.recall.written_on(message):
            model = self.catalogue.models.get(recipe.request.model)
            rows = run_rows(recipe, self.catalogue, phrases)
            return Shown(details_view(recipe, model, phrases, picture=source.url, rows=rows))
        raise Refused(problem("nothing_written" if any(pictures_in(message)) else "no_picture"))

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
