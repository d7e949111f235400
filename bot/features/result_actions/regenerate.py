"""Again: the same request with a new seed, or its own. Vary: the result is the source, most or half of it kept."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import discord

from bot.features.result_actions.model_selection import require_image_model, require_model
from bot.features.result_actions.permissions import ResultActionHandler
from bot.interactions.components import CustomId
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.responses import respond_outdated
from shared.request.model import adapt_to_model

KEEP_PERCENTAGES: Final = MappingProxyType({"subtle": 80.0, "strong": 50.0})


@dataclass(frozen=True)
class RegenerateHandler(ResultActionHandler):
    """Asks once more for what a job asked for, of the model that `CustomId.more` names where it names one.

    `same_seed`: with the seed that it was made with.
    """

    keeps_seed: bool = False

    async def __call__(self, interaction: discord.Interaction, parsed_id: CustomId) -> None:
        async with limit_lookup_time(interaction):
            recipe = await self.load_permitted_settings(interaction, parsed_id.job_id)
            model = require_model(self.submitter.catalogue, parsed_id.argument or recipe.request.model)
            seed = recipe.seed if self.keeps_seed else None
            request = adapt_to_model(recipe.request, model, self.submitter.catalogue, seed=seed)
            source = await self.result_lookup.load_source_image(recipe)
        await self.submitter.submit(interaction, request, source, parent_id=recipe.job_id)


@dataclass(frozen=True)
class VaryHandler(ResultActionHandler):
    """Starts from a job's picture, with its prompt and settings."""

    async def __call__(self, interaction: discord.Interaction, parsed_id: CustomId) -> None:
        if parsed_id.argument not in KEEP_PERCENTAGES:
            await respond_outdated(interaction)
            return
        async with limit_lookup_time(interaction):
            recipe = await self.load_permitted_settings(interaction, parsed_id.job_id)
            catalogue = self.submitter.catalogue
            model = require_image_model(catalogue, recipe.request.model)
            request = adapt_to_model(
                recipe.request, model, catalogue, from_result=True, keep=KEEP_PERCENTAGES[parsed_id.argument]
            )
            source = await self.result_lookup.find_result_image(interaction, parsed_id.job_id)
        await self.submitter.submit(interaction, request, source, parent_id=recipe.job_id)
