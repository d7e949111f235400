"""Run: submits again the request found in a picture's metadata."""

from dataclasses import dataclass

import discord

from bot.domain.images import RemoteImage
from bot.domain.records import GenerationSettings
from bot.features.result_actions.custom_ids import MetadataRunId
from bot.features.result_actions.model_selection import require_model
from bot.interactions.deadlines import limit_lookup_time
from bot.results.lookup import ResultLookup
from bot.submission.submitter import JobSubmitter
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem
from shared.request.conversion import adapt_to_model


@dataclass(frozen=True)
class MetadataRunHandler:
    """Submits the same request if it had no source picture, else its settings on the picture itself.

    The metadata does not hold the source picture, and does not prove who made the picture or in which job.
    """

    submitter: JobSubmitter
    result_lookup: ResultLookup
    catalogue: Catalogue

    async def run_again(self, interaction: discord.Interaction, custom_id: MetadataRunId) -> None:
        """Submit the request in the picture that the details show."""
        del custom_id
        async with limit_lookup_time(interaction):
            settings, image = await self._read_metadata(interaction)
        model = require_model(self.catalogue, settings.request.model)
        request = adapt_to_model(settings.request, model, self.catalogue, seed=settings.seed)
        await self.submitter.submit(interaction, request, image if request.has_picture else None)

    async def _read_metadata(self, interaction: discord.Interaction) -> tuple[GenerationSettings, RemoteImage]:
        async for found in self.result_lookup.read_message_settings(interaction.message):
            return found
        raise RejectedError(make_problem("job_unknown"))
