"""Deletes a result: its messages, and its words and its preview in the channel."""

import contextlib
import logging
from dataclasses import dataclass

import aiohttp
import discord

from bot.domain.moderation import ModeratedJob
from bot.domain.records import GenerationSettings
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.permissions import require_author_or_moderator
from bot.results.lookup import ResultLookup
from bot.results.withdrawal import withdraw_status
from bot.storage.moderation import SqlModerationStore
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ResultDeletion:
    """Deletes results for their author, or for a moderator with a reason. Methods raise `RejectedError`.

    A result is marked as deleted first, so that trying again after a failure deletes the messages that remain.
    """

    result_lookup: ResultLookup
    moderation: SqlModerationStore

    async def require_deletable(self, interaction: discord.Interaction, job_id: str) -> GenerationSettings:
        """Return the settings of a result that this user may delete: job_unknown, not_allowed_to_end."""
        async with limit_lookup_time(interaction):
            settings = await self.result_lookup.find_generation_settings(interaction, job_id)
        require_author_or_moderator(interaction, settings.author_id, settings.origin)
        return settings

    async def delete_own(self, interaction: discord.Interaction, job_id: str) -> None:
        """Delete the user's own result, and the copy of it whose button was used."""
        await self.result_lookup.job_history.mark_result_deleted(job_id)
        await self._delete_messages(interaction, job_id)
        log.info("job %s: result deleted by %s", job_id, interaction.user.id)

    async def delete_as_moderator(
        self, interaction: discord.Interaction, settings: GenerationSettings, reason: str
    ) -> None:
        """Delete somebody's result; log it and tell them, unless it was marked as deleted before."""
        record = await self.result_lookup.find_job(settings.job_id)
        locale = "" if record is None else record.job.requester.locale
        job = ModeratedJob(settings.job_id, interaction.guild_id or 0, settings.author_id, locale)
        await self.moderation.delete_result(job, interaction.user.id, reason)
        await self._delete_messages(interaction, settings.job_id)
        log.info("job %s: result deleted by the moderator %s", settings.job_id, interaction.user.id)

    async def _delete_messages(self, interaction: discord.Interaction, job_id: str) -> None:
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
