"""Cancelling a queued job, before its model is called and anything is paid for."""

import logging
from dataclasses import dataclass
from functools import partial

import discord

from bot.domain.moderation import ModeratedJob
from bot.domain.records import GenerationSettings
from bot.domain.status import CancelResult
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.permissions import require_author_or_moderator
from bot.interactions.responses import run_and_report
from bot.interactions.result_buttons import CancelId
from bot.queue.job_queue import RedisJobQueue
from bot.results.lookup import ResultLookup
from bot.storage.batches import SqlBatchStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.moderation import SqlModerationStore
from shared.problems import make_problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobCancellation:
    """Cancels jobs for their author or a moderator. The cancelled job is delivered as any other outcome."""

    result_lookup: ResultLookup
    queue: RedisJobQueue
    moderation: SqlModerationStore
    job_history: SqlJobHistory
    batches: SqlBatchStore

    async def cancel_and_report(self, interaction: discord.Interaction, custom_id: CancelId) -> None:
        """Handle the button of a status message: cancel the job and tell its user privately."""
        settings = await self.require_cancellable(interaction, custom_id.job_id)
        await run_and_report(interaction, partial(self.cancel_job, interaction, settings))

    async def require_cancellable(self, interaction: discord.Interaction, job_id: str) -> GenerationSettings:
        """Return the settings of a job that this user may cancel.

        Raises `RejectedError`: job_unknown, not_allowed_to_end.
        """
        async with limit_lookup_time(interaction):
            settings = await self.result_lookup.find_generation_settings(interaction, job_id)
        require_author_or_moderator(interaction, settings.author_id, settings.origin)
        return settings

    async def cancel_job(self, interaction: discord.Interaction, settings: GenerationSettings) -> str:
        """Cancel a job and return the sentence that says whether it was cancelled. What a moderator does is logged."""
        problem = make_problem("cancelled", name=interaction.user.display_name)
        result = await self.queue.cancel_job(settings.job_id, problem)
        log.info("job %s: cancel requested by %s: %s", settings.job_id, interaction.user.id, result)
        if result is CancelResult.CANCELLED and settings.author_id != interaction.user.id:
            job = ModeratedJob(settings.job_id, interaction.guild_id or 0, settings.author_id)
            await self.moderation.log_cancellation(job, interaction.user.id)
        return get_localized_messages(interaction).text(f"cancel.{result}")

    async def cancel_member_jobs(self, interaction: discord.Interaction, user_id: int) -> int:
        """Cancel all of a member's jobs in this server that have not started, for a moderator; return their number.

        The items of their batches are among them. Raises `RejectedError`. It is the caller who logs it.
        """
        item_count = await self.batches.cancel_member_batches(interaction.guild_id or 0, user_id)
        problem = make_problem("cancelled", name=interaction.user.display_name)
        job_ids = await self.job_history.list_open_job_ids(interaction.guild_id or 0, user_id)
        results = [await self.queue.cancel_job(job_id, problem) for job_id in job_ids]
        return item_count + results.count(CancelResult.CANCELLED)
