"""Details: the settings of a result, or those in the metadata of any picture, shown to the user alone."""

from dataclasses import dataclass
from functools import partial

import discord

from bot.features.result_actions.buttons import build_details_rows, build_metadata_run_rows
from bot.features.result_actions.view import build_details_view
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with
from bot.interactions.result_buttons import DetailsId
from bot.results.lookup import ResultLookup
from bot.results.message_images import explain_missing_images, list_message_images
from bot.results.messages import get_preview_job_id, get_result_job_id
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class DetailsHandler:
    """Shows details to everyone who sees the result."""

    catalogue: Catalogue
    result_lookup: ResultLookup

    async def show_details(self, interaction: discord.Interaction, custom_id: DetailsId) -> None:
        """Show the details of a result."""
        await respond_with(interaction, partial(self._render_job_details, interaction, custom_id.job_id))

    async def show_message_details(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Show the details of a message's picture: from the records if it is a result, else from its metadata."""
        await respond_with(interaction, partial(self._render_message_details, interaction, message))

    async def _render_message_details(
        self, interaction: discord.Interaction, message: discord.Message
    ) -> RenderedMessage:
        client = interaction.client
        job_id = get_result_job_id(message, client) or get_preview_job_id(message, client)
        if job_id is not None and await self.result_lookup.find_job(job_id) is not None:
            return await self._render_job_details(interaction, job_id)
        messages = get_localized_messages(interaction)
        async for settings, image in self.result_lookup.read_message_settings(message):
            model = self.catalogue.models.get(settings.request.model)
            rows = build_metadata_run_rows(settings, self.catalogue, messages)
            return RenderedMessage(build_details_view(settings, model, messages, picture_url=image.url, rows=rows))
        has_images = any(list_message_images(message))
        raise RejectedError(make_problem("metadata_missing") if has_images else explain_missing_images(message))

    async def _render_job_details(self, interaction: discord.Interaction, job_id: str) -> RenderedMessage:
        settings = await self.result_lookup.find_readable_settings(interaction, job_id)
        messages = get_localized_messages(interaction)
        record = await self.result_lookup.find_job(settings.job_id)
        view = build_details_view(
            settings,
            self.catalogue.models.get(settings.request.model),
            messages,
            record=record,
            parent_link=await self.result_lookup.find_parent_link(interaction, record) if record else None,
            rows=build_details_rows(settings, self.catalogue, messages),
        )
        return RenderedMessage(view)
