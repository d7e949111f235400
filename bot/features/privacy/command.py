"""The command `/forget-me`: lists the data stored about a person, and has it deleted once they confirm."""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import Any, Final

import discord
from discord import ButtonStyle, ui

from bot.features.privacy.store import SqlUserDataStore, build_summary
from bot.features.privacy.view import build_background_view, build_privacy_view, build_progress_view
from bot.interactions.components import build_button
from bot.interactions.custom_ids import CustomId
from bot.interactions.locale import get_localized_messages, get_preferences
from bot.interactions.responses import RenderedMessage, respond_with, update_message
from bot.storage.data_deletions import SqlDataDeletions
from shared.i18n.messages import Messages

log = logging.getLogger(__name__)

PROGRESS_SECONDS: Final = 5.0
WATCH_SECONDS: Final = 13 * 60.0
"""Discord lets a response be edited for 15 minutes after the interaction."""
_FIRST_PAUSE_SECONDS: Final = 0.1
_MAX_PAUSE_SECONDS: Final = 2.0


@dataclass(frozen=True)
class ConfirmForgetId(CustomId, template="forget_confirm"):
    """Deletes the data of whoever uses it."""


@dataclass(frozen=True)
class ForgetMeCommand:
    """Has the data of whoever uses the command deleted by the bot that leads. Used again, newer data goes, too."""

    user_data_store: SqlUserDataStore
    deletions: SqlDataDeletions

    async def show_stored_data(self, interaction: discord.Interaction) -> None:
        """List the stored data, and ask for confirmation; or say how far a deletion is that goes on."""

        async def render_question() -> RenderedMessage:
            messages = get_localized_messages(interaction)
            deletion = await self.deletions.find_deletion(interaction.user.id)
            if deletion is not None and not deletion.is_finished:
                return RenderedMessage(build_background_view(deletion.counts["jobs"], messages))
            summary = await self.user_data_store.summarise_stored_data(interaction.user.id)
            button = build_button(ConfirmForgetId(), messages.text("button.forget_confirm"), style=ButtonStyle.danger)
            row: ui.ActionRow[Any] = ui.ActionRow(button)
            return RenderedMessage(build_privacy_view(summary, messages, rows=[row]))

        await respond_with(interaction, render_question)

    async def delete_stored_data(self, interaction: discord.Interaction, custom_id: ConfirmForgetId) -> None:
        """Have the data deleted, and show how far it is, for as long as Discord lets the message be edited.

        The deletion is closed once its end is shown. Who does not see it gets a direct message.
        """
        del custom_id
        user_id = interaction.user.id
        messages = get_localized_messages(interaction)
        watch = _Watch(interaction, messages, self.deletions)

        async def delete_and_render() -> RenderedMessage:
            language = get_preferences(interaction).language or interaction.locale.value
            await self.deletions.add_deletion(user_id, interaction.guild_id or 0, language)
            return RenderedMessage(await watch.wait_for_end())

        await update_message(interaction, delete_and_render)
        if watch.has_seen_end:
            await self.deletions.close_deletion(user_id)


@dataclass
class _Watch:
    """Shows how far a deletion is every few seconds."""

    interaction: discord.Interaction
    messages: Messages
    deletions: SqlDataDeletions
    has_seen_end: bool = False
    shown_at: float = field(default_factory=time.monotonic)

    async def wait_for_end(self) -> ui.LayoutView:
        """Wait until all is deleted, or Discord lets the message be edited for little longer; return the last view."""
        end, pause = time.monotonic() + WATCH_SECONDS, _FIRST_PAUSE_SECONDS
        job_count = 0
        while time.monotonic() < end:
            deletion = await self.deletions.find_deletion(self.interaction.user.id)
            if deletion is None:  # another message of theirs has shown the end
                return build_background_view(job_count, self.messages, is_finished=True)
            job_count = deletion.counts["jobs"]
            if deletion.is_finished:
                self.has_seen_end = True
                return build_privacy_view(build_summary(deletion.counts), self.messages, is_deleted=True)
            await self._show_progress(job_count)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _MAX_PAUSE_SECONDS)
        return build_background_view(job_count, self.messages)

    async def _show_progress(self, job_count: int) -> None:
        if time.monotonic() - self.shown_at < PROGRESS_SECONDS:
            return
        self.shown_at = time.monotonic()
        try:
            await self.interaction.edit_original_response(view=build_progress_view(job_count, self.messages))
        except (discord.HTTPException, OSError):
            log.debug("the progress of a deletion could not be shown", exc_info=True)
