"""The command `/forget-me`: lists the data stored about a person, and deletes it once they confirm."""

import logging
import time
from dataclasses import dataclass, field
from typing import Any, Final

import discord
from discord import ButtonStyle, ui

from bot.features.privacy.store import SqlUserDataStore
from bot.features.privacy.view import build_privacy_view, build_progress_view
from bot.interactions.components import build_button
from bot.interactions.custom_ids import CustomId
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with, update_message
from bot.queue.job_queue import RedisJobQueue
from bot.queue.saved_searches import RedisSavedSearchStore
from shared.i18n.messages import Messages

log = logging.getLogger(__name__)

PROGRESS_SECONDS: Final = 5.0


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
        """Delete the data, of each job first in the queue, so that all of it can be repeated after a failure."""
        del custom_id
        user_id = interaction.user.id

        async def delete_and_render() -> RenderedMessage:
            messages = get_localized_messages(interaction)
            progress = _Progress(interaction, messages)
            await self.saved_searches.delete_searches(user_id)
            summary = await self.user_data_store.delete_personal_data(
                user_id, purge_jobs=self.queue.purge_jobs, report_progress=progress.report
            )
            log.info("a person's data was deleted at their request, with %d jobs", summary.jobs)
            return RenderedMessage(build_privacy_view(summary, messages, is_deleted=True))

        await update_message(interaction, delete_and_render)


@dataclass
class _Progress:
    """Shows how far a deletion is every few seconds, as long as Discord lets the message be edited."""

    interaction: discord.Interaction
    messages: Messages
    shown_at: float = field(default_factory=time.monotonic)

    async def report(self, job_count: int) -> None:
        if time.monotonic() - self.shown_at < PROGRESS_SECONDS:
            return
        self.shown_at = time.monotonic()
        try:
            await self.interaction.edit_original_response(view=build_progress_view(job_count, self.messages))
        except (discord.HTTPException, OSError):
            log.debug("the progress of a deletion could not be shown", exc_info=True)
