"""Delete: removes a result's messages, after a confirmation."""

import contextlib
import logging
from dataclasses import dataclass

import aiohttp
import discord

from bot.features.result_actions.buttons import build_delete_confirmation
from bot.features.result_actions.custom_ids import ConfirmDeleteId, MenuDeleteId
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.permissions import require_author_or_moderator
from bot.interactions.responses import (
    defer_update,
    edit_response,
    format_problems,
    respond_privately,
    show_in_place,
)
from bot.interactions.result_buttons import DeleteId
from bot.results.lookup import ResultLookup
from bot.results.withdrawal import withdraw_status
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeleteHandler:
    """Deletes results for their author or a moderator."""

    result_lookup: ResultLookup

    async def ask_for_confirmation(self, interaction: discord.Interaction, custom_id: DeleteId) -> None:
        """Ask the user alone to confirm."""
        job_id = await self._require_deletable(interaction, custom_id.job_id)
        messages = get_localized_messages(interaction)
        await respond_privately(
            interaction, messages.text("delete.sure"), view=build_delete_confirmation(job_id, messages)
        )

    async def ask_for_confirmation_in_menu(self, interaction: discord.Interaction, custom_id: MenuDeleteId) -> None:
        """Ask the user to confirm, in place of the menu: its message tells which copy of the result was used."""
        job_id = await self._require_deletable(interaction, custom_id.job_id)
        messages = get_localized_messages(interaction)
        await show_in_place(interaction, messages.text("delete.sure"), build_delete_confirmation(job_id, messages))

    async def delete_result(self, interaction: discord.Interaction, custom_id: ConfirmDeleteId) -> None:
        """Delete the result, the copy of it whose button was used, and the words and the preview in its channel."""
        job_id = await self._require_deletable(interaction, custom_id.job_id)
        if not await defer_update(interaction):
            return
        try:
            await self._delete_messages(interaction, job_id)
        except RejectedError as rejection:
            await edit_response(interaction, format_problems(interaction, rejection.problems))
            return
        log.info("job %s: result deleted by %s", job_id, interaction.user.id)
        await edit_response(interaction, get_localized_messages(interaction).text("delete.done"))

    async def _require_deletable(self, interaction: discord.Interaction, job_id: str) -> str:
        async with limit_lookup_time(interaction):
            settings = await self.result_lookup.find_generation_settings(interaction, job_id)
        require_author_or_moderator(interaction, settings.author_id, settings.origin)
        return settings.job_id

    async def _delete_messages(self, interaction: discord.Interaction, job_id: str) -> None:
        """Mark the result as deleted first, so that trying again after a failure deletes the messages that remain."""
        await self.result_lookup.job_history.mark_result_deleted(job_id)
        record = await self.result_lookup.find_job(job_id)
        found = record is not None
        try:
            async for message in self.result_lookup.find_result_messages(interaction, job_id):
                found = True
                with contextlib.suppress(discord.NotFound):
                    await message.delete()
            if record is not None:
                await withdraw_status(interaction.client, record.job)
        except (aiohttp.ClientError, OSError, discord.DiscordServerError) as error:
            raise RejectedError(make_problem("discord_unavailable")) from error
        except discord.HTTPException as error:
            raise RejectedError(make_problem("message_not_deletable")) from error
        if not found:
            raise RejectedError(make_problem("result_gone"))
