"""The command `/queue`: lists the person's open jobs and the number of the server's, and cancels queued ones."""

import asyncio
from dataclasses import dataclass
from functools import partial

import discord

from bot.domain.guild_settings import GuildQueueState
from bot.domain.status import QueueState
from bot.interactions.components import build_button
from bot.interactions.custom_ids import JOB_ID, CustomId
from bot.interactions.locale import get_guild_settings, get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with, update_message
from bot.queue.job_queue import RedisJobQueue
from bot.rendering.job_list import MAX_JOBS, build_queue_view
from bot.rendering.queue_reasons import format_reasons
from bot.submission.cancellation import JobCancellation
from shared.catalogue import Catalogue
from shared.job import tenant_for_user
from shared.outcome import Failed


@dataclass(frozen=True)
class CancelQueuedJobId(CustomId, template=f"queue_cancel:{JOB_ID}"):
    job_id: str


@dataclass(frozen=True)
class QueueCommand:
    """Shows the list privately, and again after a job was cancelled."""

    queue: RedisJobQueue
    cancellation: JobCancellation
    catalogue: Catalogue

    async def show_queue(self, interaction: discord.Interaction) -> None:
        """Show the person's open jobs."""
        await respond_with(interaction, partial(self._render_jobs, interaction))

    async def cancel_job(self, interaction: discord.Interaction, custom_id: CancelQueuedJobId) -> None:
        """Cancel a job of the list."""
        settings = await self.cancellation.require_cancellable(interaction, custom_id.job_id)

        async def cancel_and_render() -> RenderedMessage:
            return await self._render_jobs(interaction, await self.cancellation.cancel_job(interaction, settings))

        await update_message(interaction, cancel_and_render)

    async def _render_jobs(self, interaction: discord.Interaction, note: str = "") -> RenderedMessage:
        messages = get_localized_messages(interaction)
        open_jobs, unreadable_count = await self.queue.list_tenant_jobs(tenant_for_user(interaction.user.id))
        statuses = [
            status
            for status in open_jobs
            if not (isinstance(status.outcome, Failed) and status.outcome.is_cancelled)  # only to be delivered yet
        ]
        guild_id, state = interaction.guild_id, get_guild_settings(interaction).queue_state
        guild_job_count = None if guild_id is None else await self.queue.count_open_jobs(guild_id)
        cancel_buttons = {
            status.job.id: build_button(CancelQueuedJobId(status.job.id), messages.text("button.cancel"))
            for status in statuses
        }
        waiting = [status for status in statuses[:MAX_JOBS] if status.state is QueueState.QUEUED]
        before = await asyncio.gather(*(self.queue.load_jobs_before(status.job.id) for status in waiting))
        reasons = {
            status.job.id: format_reasons(status, jobs, self.catalogue, messages)
            for status, jobs in zip(waiting, before, strict=True)
        }
        return RenderedMessage(
            build_queue_view(
                statuses,
                guild_job_count,
                self.catalogue,
                messages,
                cancel_buttons,
                reasons=reasons,
                unreadable_count=unreadable_count,
                guild_note="" if state is GuildQueueState.OPEN else messages.text(f"queue.guild_{state}"),
                note=note,
            )
        )
