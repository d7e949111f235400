"""Details: everything that is known of a result, or that a picture says of itself, for the one who asks."""

from dataclasses import dataclass
from functools import partial

import discord

from bot.features.result_actions.view import build_details_view
from bot.interactions.components import CustomId, build_details_rows, build_metadata_run_rows
from bot.interactions.deferred_responses import RenderedMessage, respond_with
from bot.interactions.locale import get_localized_messages
from bot.results.lookup import ResultLookup, get_result_job_id, list_message_images
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class DetailsHandler:
    """Everyone who sees a result may read them: nothing is made of it."""

    catalogue: Catalogue
    result_lookup: ResultLookup

    async def __call__(self, interaction: discord.Interaction, parsed_id: CustomId) -> None:
        await respond_with(interaction, partial(self._render_job_details, interaction, parsed_id.job_id))

    async def show_message_details(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Tell it of a message's picture: of an answer of ours by the records, of any other by its own words."""
        await respond_with(interaction, partial(self._render_message_details, interaction, message))

    async def _render_message_details(
        self, interaction: discord.Interaction, message: discord.Message
    ) -> RenderedMessage:
        job_id = get_result_job_id(message, interaction.client)
        if job_id is not None and await self.result_lookup.find_job(job_id) is not None:
            return await self._render_job_details(interaction, job_id)
        phrases = get_localized_messages(interaction)
        async for recipe, source in self.result_lookup.read_message_settings(message):
            model = self.catalogue.models.get(recipe.request.model)
            rows = build_metadata_run_rows(recipe, self.catalogue, phrases)
            return RenderedMessage(build_details_view(recipe, model, phrases, picture_url=source.url, rows=rows))
        raise RejectedError(make_problem("nothing_written" if any(list_message_images(message)) else "no_picture"))

    async def _render_job_details(self, interaction: discord.Interaction, job_id: str) -> RenderedMessage:
        recipe = await self.result_lookup.find_generation_settings(interaction, job_id)
        phrases = get_localized_messages(interaction)
        past = await self.result_lookup.find_job(recipe.job_id)
        view = build_details_view(
            recipe,
            self.catalogue.models.get(recipe.request.model),
            phrases,
            record=past,
            parent_link=await self.result_lookup.find_parent_link(interaction, past) if past else None,
            rows=build_details_rows(recipe, self.catalogue, phrases),
        )
        return RenderedMessage(view)
