"""Upscale: makes a result larger, with a model that the user chooses where there are several."""

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.domain.records import GenerationSettings
from bot.features.result_actions.buttons import build_upscale_view
from bot.features.result_actions.custom_ids import UpscaleWithId
from bot.features.result_actions.permissions import ResultActionHandler
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.offers import get_offered_catalogue
from bot.interactions.responses import respond_privately
from bot.interactions.result_buttons import UpscaleAtOnceId, UpscaleId
from bot.submission.job_queuer import JobDetails
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem
from shared.request.conversion import build_upscale_requests
from shared.request.model import Request


@dataclass(frozen=True)
class UpscaleHandler(ResultActionHandler):
    """Submits upscale requests."""

    async def upscale(self, interaction: discord.Interaction, custom_id: UpscaleId) -> None:
        """Submit the request to the only upscaler, or let the user choose one of several."""
        async with limit_lookup_time(interaction):
            settings, details = await self.load_permitted_settings(interaction, custom_id.job_id, from_result=True)
            requests = self._list_requests(settings, get_offered_catalogue(interaction, self.catalogue))
        if len(requests) == 1:
            await self._submit(interaction, settings, requests[0], details)
            return
        messages = get_localized_messages(interaction)
        models = [self.catalogue.models[request.model] for request in requests]
        view = build_upscale_view(settings.job_id, models, messages)
        await respond_privately(interaction, messages.text("upscale.which"), view=view)

    async def upscale_with_model(self, interaction: discord.Interaction, custom_id: UpscaleWithId) -> None:
        """Submit the request to the chosen upscaler, once for each choice."""
        async with limit_lookup_time(interaction):
            settings, details = await self.load_permitted_settings(interaction, custom_id.job_id, from_result=True)
            request, *_ = self._list_requests(settings, self.catalogue, model_key=custom_id.model)
            source = await self.result_lookup.find_result_image(interaction, settings.job_id)
        await self.submitter.submit_choice(interaction, custom_id, request, source, **details)

    async def upscale_at_once(self, interaction: discord.Interaction, custom_id: UpscaleAtOnceId) -> None:
        """Submit the request to the cheapest upscaler, whose price the message names, once for each result."""
        async with limit_lookup_time(interaction):
            settings, details = await self.load_permitted_settings(interaction, custom_id.job_id, from_result=True)
            requests = self._list_requests(settings, get_offered_catalogue(interaction, self.catalogue))
            source = await self.result_lookup.find_result_image(interaction, settings.job_id)
        cheapest = min(requests, key=lambda request: self.catalogue.models[request.model].price_usd)
        await self.submitter.submit_once(interaction, settings.job_id, cheapest, source, **details)

    async def _submit(
        self, interaction: discord.Interaction, settings: GenerationSettings, request: Request, details: JobDetails
    ) -> None:
        async with limit_lookup_time(interaction):
            source = await self.result_lookup.find_result_image(interaction, settings.job_id)
        await self.submitter.submit(interaction, request, source, **details)

    def _list_requests(
        self, settings: GenerationSettings, offered: Catalogue, model_key: str | None = None
    ) -> Sequence[Request]:
        """List a request for each upscaler on offer, or for one.

        Raises `RejectedError`: upscale_unsupported, task_not_on_offer.
        """
        requests = build_upscale_requests(settings.request, offered)
        if not requests and build_upscale_requests(settings.request, self.catalogue):
            raise RejectedError(make_problem("task_not_on_offer", task="upscale"))
        found = [request for request in requests if model_key in {None, request.model}]
        if not found:
            raise RejectedError(make_problem("upscale_unsupported"))
        return found
