"""Again: the same request with a new seed, or its own. Vary: the result is the source, most or half of it kept."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import discord

from bot.interactions.answers import outdated
from bot.interactions.patience import looking_up
from bot.presses.guard import GoingOn
from bot.presses.models import model_called, reading_pictures
from bot.views import Press
from shared.request import carried_over

KEEP: Final = MappingProxyType({"subtle": 80.0, "strong": 50.0})


@dataclass(frozen=True)
class Again(GoingOn):
    """Asks once more for what a job asked for, of the model that `Press.more` names where it names one.

    `same_seed`: with the seed that it was made with.
    """

    same_seed: bool = False

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        async with looking_up(interaction):
            recipe = await self.recipe(interaction, press.job_id)
            model = model_called(self.intake.catalogue, press.more or recipe.request.model)
            seed = recipe.seed if self.same_seed else None
            request = carried_over(recipe.request, model, self.intake.catalogue, seed=seed)
            source = await self.recall.original(recipe)
        await self.intake.take(interaction, request, source, parent=recipe.job_id)


@dataclass(frozen=True)
class Vary(GoingOn):
    """Starts from a job's picture, with its prompt and settings."""

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        if press.more not in KEEP:
            await outdated(interaction)
            return
        async with looking_up(interaction):
            recipe = await self.recipe(interaction, press.job_id)
            catalogue = self.intake.catalogue
            model = reading_pictures(catalogue, recipe.request.model)
            request = carried_over(recipe.request, model, catalogue, on_result=True, keep=KEEP[press.more])
            source = await self.recall.result(interaction, press.job_id)
        await self.intake.take(interaction, request, source, parent=recipe.job_id)
