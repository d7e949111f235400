"""The command `/forget-me`: lists the data stored about a person, and deletes it once they confirm."""

import logging
from dataclasses import dataclass
from typing import Any

import discord
from discord import ButtonStyle, ui

from bot.features.privacy.store import SqlUserDataStore
from bot.features.privacy.view import build_privacy_view
from bot.interactions.components import build_button
from bot.interactions.custom_ids import CustomId
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with, update_message
from bot.queue.job_queue import RedisJobQueue
from bot.queue.saved_searches import RedisSavedSearchStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ConfirmForgetId(CustomId, template="forget_confirm"):
    """Deletes the data of whoever uses it."""


@dataclass(frozen=True)
class ForgetMeCommand:
    """Deletes the data of the person who uses the command. Used again, it deletes newer data."""

    user_data_store: SqlUserDataStore
    queue: RedisJobQueue
    saved_searches: RedisSavedSearchStore

    async def show_stored_data(self, interaction: discord.Interaction) -> None:
        """List the stored data, and ask for confirmation."""

        async def render_question() -> RenderedMessage:
            messages = get_localized_messages(interaction)
            summary = await self.user_data_store.summarise_stored_data(interaction.user.id)
            button = build_button(ConfirmForgetId(), messages.text("button.forget_confirm"), style=ButtonStyle.danger)
            row: ui.ActionRow[Any] = ui.ActionRow(button)
            return RenderedMessage(build_privacy_view(summary, messages, rows=[row]))

        await respond_with(interaction, render_question)

    async def delete_stored_data(self, interaction: discord.Interaction, custom_id: ConfirmForgetId) -> None:
        """Delete the data, first in the queue: if the database fails then, all of it can be repeated."""
        del custom_id
        user_id = interaction.user.id

        async def delete_and_render() -> RenderedMessage:
            await self.queue.purge_jobs(await self.user_data_store.list_ended_jobs(user_id))
            await self.saved_searches.delete_searches(user_id)
            summary = await self.user_data_store.delete_personal_data(user_id)
            log.info("a person's data was deleted at their request, with %d jobs", summary.jobs)
            return RenderedMessage(build_privacy_view(summary, get_localized_messages(interaction), is_deleted=True))

        await update_message(interaction, delete_and_render)
