"""Run: what a picture says of itself is asked for again, under the details that were read from it."""

from dataclasses import dataclass

import discord

from bot.domain.images import RemoteImage
from bot.domain.records import GenerationSettings
from bot.features.result_actions.model_selection import require_model
from bot.interactions.components import CustomId
from bot.interactions.deadlines import limit_lookup_time
from bot.results.lookup import ResultLookup
from bot.submission.submitter import JobSubmitter
from shared.problems import RejectedError, make_problem
from shared.request.model import adapt_to_model


@dataclass(frozen=True)
class MetadataRunHandler:
    """Asks for the very same where it was made from words; else for the same settings on the picture itself.

    The picture that it started from is not in its words. Nothing else is known of it: whose it is, or which job's.
    """

    submitter: JobSubmitter
    result_lookup: ResultLookup

    async def __call__(self, interaction: discord.Interaction, parsed_id: CustomId) -> None:
        del parsed_id
        async with limit_lookup_time(interaction):
            recipe, source = await self._read_metadata(interaction)
        model = require_model(self.submitter.catalogue, recipe.request.model)
        request = adapt_to_model(recipe.request, model, self.submitter.catalogue, seed=recipe.seed)
        await self.submitter.submit(interaction, request, source if request.has_picture else None)

    async def _read_metadata(self, interaction: discord.Interaction) -> tuple[GenerationSettings, RemoteImage]:
        """Read the picture that the details show."""
        async for found in self.result_lookup.read_message_settings(interaction.message):
            return found
        raise RejectedError(make_problem("job_unknown"))
