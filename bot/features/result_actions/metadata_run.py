"""Run: submits again the request found in a picture's metadata."""

from dataclasses import dataclass

import discord

from bot.domain.images import RemoteImage
from bot.domain.records import GenerationSettings
from bot.features.result_actions.custom_ids import MetadataRunId
from bot.interactions.deadlines import limit_lookup_time
from bot.results.lookup import ResultLookup
from bot.results.messages import iterate_used_messages
from bot.results.owners import find_owner
from bot.results.reuse import ReuseRule
from bot.submission.model_selection import require_model
from bot.submission.submitter import JobSubmitter
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem
from shared.request.conversion import adapt_to_model


@dataclass(frozen=True)
class MetadataRunHandler:
    """Submits the same request if it had no source picture, else its settings on the picture itself.

    The metadata holds neither the source picture nor a mask or a picture of a style, and does not prove who made the
    picture or in which job: the one who made that job has a say all the same.
    """

    submitter: JobSubmitter
    result_lookup: ResultLookup
    reuse_rule: ReuseRule
    catalogue: Catalogue

    async def run_again(self, interaction: discord.Interaction, custom_id: MetadataRunId) -> None:
        """Submit the request in the picture that the details show, once for each message that shows them."""
        async with limit_lookup_time(interaction):
            settings, image = await self._read_metadata(interaction)
            record = await self.result_lookup.job_history.find_job(settings.job_id)
            owner_ids = [record.job.requester.id if record else None, *await self._find_posters(interaction)]
            origin = record.job.origin if record else None
            owner_id = await self.reuse_rule.require_permission(interaction, owner_ids, origin)
        model = require_model(self.catalogue, settings.request.model)
        built = adapt_to_model(
            settings.request, model, self.catalogue, seed=settings.seed, mask=None, has_style_picture=False
        )
        source = image if built.request.has_picture else None
        await self.submitter.submit_choice(
            interaction, custom_id, built.request, source, source_owner_id=owner_id, notes=built.notes
        )

    async def _find_posters(self, interaction: discord.Interaction) -> list[int | None]:
        """Find the authors of the messages with the picture."""
        return [
            await find_owner(interaction.client, message, self.result_lookup.job_history)
            async for message in iterate_used_messages(interaction)
        ]

    async def _read_metadata(self, interaction: discord.Interaction) -> tuple[GenerationSettings, RemoteImage]:
        async for found in self.result_lookup.read_message_settings(interaction.message):
            return found
        raise RejectedError(make_problem("job_unknown"))
