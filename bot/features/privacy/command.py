"""`/forget-me`: says exactly what the bot holds of a person, and deletes it when they mean it."""

import logging
from dataclasses import dataclass
from typing import Any

import discord
from discord import ButtonStyle, ui

from bot.features.privacy.store import SqlUserDataStore
from bot.features.privacy.view import build_privacy_view
from bot.interactions.legacy import LegacyCustomId, build_legacy_button
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with, update_message
from bot.queue.job_queue import RedisJobQueue
from bot.queue.saved_searches import RedisSavedSearchStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ForgetMeCommand:
    """Forgets whoever asks for it, and nobody else. Asked again, it forgets what came since."""

    personal_data: SqlUserDataStore
    queue: RedisJobQueue
    saved_searches: RedisSavedSearchStore

    async def __call__(self, interaction: discord.Interaction) -> None:
        async def asked() -> RenderedMessage:
            phrases = get_localized_messages(interaction)
            held = await self.personal_data.summarise_stored_data(interaction.user.id)
            row: ui.ActionRow[Any] = ui.ActionRow(build_legacy_button("forget", "0", phrases, style=ButtonStyle.danger))
            return RenderedMessage(build_privacy_view(held, phrases, rows=[row]))

        await respond_with(interaction, asked)

    async def handle_confirmation(self, interaction: discord.Interaction, parsed_id: LegacyCustomId) -> None:
        """Forget: first in the queue, which can be asked again when the records fail."""
        del parsed_id
        user = interaction.user.id

        async def forgotten() -> RenderedMessage:
            await self.queue.purge_jobs(await self.personal_data.list_ended_jobs(user))
            await self.saved_searches.delete_searches(user)
            gone = await self.personal_data.delete_personal_data(user)
            log.info("a person was forgotten as they asked, with %d jobs", gone.jobs)
            return RenderedMessage(build_privacy_view(gone, get_localized_messages(interaction), is_deleted=True))

        await update_message(interaction, forgotten)
