"""Regenerate: the same request, with a new seed or its own. Vary: the result as source, most or half of it kept."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import discord

from bot.domain.images import StoredImage
from bot.explorations.several import PictureSubmitter
from bot.features.result_actions.custom_ids import RegenerateSameSeedId
from bot.features.result_actions.permissions import ResultActionHandler
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.offers import get_offered_catalogue, require_picture_model
from bot.interactions.result_buttons import RegenerateAllId, RegenerateId, RegenerateWithId, VaryId, VaryStrength
from bot.submission.job_queuer import JobDetails
from bot.submission.model_selection import pick_model, require_model
from shared.request.conversion import adapt_to_model
from shared.request.model import Request

KEEP_PERCENTAGES: Final = MappingProxyType({VaryStrength.SUBTLE: 80.0, VaryStrength.STRONG: 50.0})


@dataclass(frozen=True)
class RegenerateHandler(ResultActionHandler):
    """Submits requests again, and variations of their results."""

    pictures: PictureSubmitter

    async def regenerate(self, interaction: discord.Interaction, custom_id: RegenerateId) -> None:
        """Submit the request with a new seed."""
        async with limit_lookup_time(interaction):
            request, source, details = await self._load_request(interaction, custom_id.job_id)
        await self.submitter.submit(interaction, request, source, **details)

    async def regenerate_with_model(self, interaction: discord.Interaction, custom_id: RegenerateWithId) -> None:
        """Submit the request to another model, one for each message that offers some."""
        async with limit_lookup_time(interaction):
            request, source, details = await self._load_request(
                interaction, custom_id.job_id, model_key=custom_id.model
            )
        await self.submitter.submit_choice(interaction, custom_id, request, source, **details)

    async def regenerate_with_same_seed(
        self, interaction: discord.Interaction, custom_id: RegenerateSameSeedId
    ) -> None:
        """Submit the request with the seed of the result, once for each message: the picture would be the same."""
        async with limit_lookup_time(interaction):
            request, source, details = await self._load_request(interaction, custom_id.job_id, keeps_seed=True)
        await self.submitter.submit_choice(interaction, custom_id, request, source, **details)

    async def regenerate_all(self, interaction: discord.Interaction, custom_id: RegenerateAllId) -> None:
        """Submit the request of an exploration's first variant as often as it had variants, with new seeds."""
        async with limit_lookup_time(interaction):
            request, source, details = await self._load_request(interaction, custom_id.job_id)
        await self.pictures.submit(interaction, request, source, custom_id.count, details)

    async def vary(self, interaction: discord.Interaction, custom_id: VaryId) -> None:
        """Submit the prompt and settings with the result as source."""
        async with limit_lookup_time(interaction):
            settings, details = await self.load_permitted_settings(interaction, custom_id.job_id, from_result=True)
            model = require_picture_model(interaction, self.catalogue, settings.request.model)
            keep = KEEP_PERCENTAGES[custom_id.strength]
            built = adapt_to_model(settings.request, model, self.catalogue, from_result=True, keep=keep)
            source = await self.result_lookup.find_result_image(interaction, custom_id.job_id)
        details["notes"] = built.notes
        await self.submitter.submit(interaction, built.request, source, **details)

    async def _load_request(
        self, interaction: discord.Interaction, job_id: str, *, model_key: str | None = None, keeps_seed: bool = False
    ) -> tuple[Request, StoredImage | None, JobDetails]:
        """Load the request that repeats a result, the picture that it starts from, and the details of its job."""
        settings, details = await self.load_permitted_settings(interaction, job_id, from_result=False)
        if keeps_seed or model_key is not None:
            model = require_model(self.catalogue, model_key or settings.request.model)
        else:
            model = pick_model(interaction, self.catalogue, settings.request)
        seed = settings.seed if keeps_seed else None
        offered = get_offered_catalogue(interaction, self.catalogue)
        built = adapt_to_model(settings.request, model, offered, seed=seed)
        details["notes"] = built.notes
        return built.request, await self.result_lookup.load_source_image(interaction, settings), details
