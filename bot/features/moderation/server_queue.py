"""The subcommands of `/moderate` for the queue of the server: pause, drain, resume, and the list of its requests."""

import logging
from dataclasses import dataclass, replace
from typing import Final

import discord

from bot.domain.audit import AuditAction
from bot.domain.errors import QueueUnavailableError
from bot.domain.guild_settings import GuildQueueState
from bot.domain.records import GenerationSettings
from bot.domain.status import CancelResult
from bot.features.moderation.command import Reason
from bot.features.moderation.queue_view import (
    PAGE_SIZE,
    CancelServerJobId,
    ServerQueuePage,
    ServerQueuePageId,
    build_server_queue_view,
)
from bot.interactions.locale import get_localized_messages, require_guild_settings
from bot.interactions.permissions import require_moderator
from bot.interactions.responses import RenderedMessage, respond_with, run_and_report, update_message
from bot.queue.job_queue import RedisJobQueue
from bot.recovery.paused_queues import PausedQueues
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.ledger_reports import SqlLedgerReports
from bot.submission.cancellation import JobCancellation
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

_ACTIONS: Final = {
    GuildQueueState.PAUSED: AuditAction.PAUSE_QUEUE,
    GuildQueueState.DRAINING: AuditAction.DRAIN_QUEUE,
    GuildQueueState.OPEN: AuditAction.RESUME_QUEUE,
}


@dataclass(frozen=True)
class ServerQueueCommands:
    """For members who may time out others. Every change is in the audit log."""

    guild_settings: SqlGuildSettingsStore
    paused_queues: PausedQueues
    queue: RedisJobQueue
    cancellation: JobCancellation
    ledger_reports: SqlLedgerReports
    catalogue: Catalogue

    async def pause_queue(self, interaction: discord.Interaction, reason: Reason | None = None) -> None:
        """Start no more requests of the server, and accept new ones."""
        await self._change_state(interaction, GuildQueueState.PAUSED, reason)

    async def drain_queue(self, interaction: discord.Interaction, reason: Reason | None = None) -> None:
        """Accept no more requests of the server, and finish those that wait."""
        await self._change_state(interaction, GuildQueueState.DRAINING, reason)

    async def resume_queue(self, interaction: discord.Interaction, reason: Reason | None = None) -> None:
        """Accept and start requests again."""
        await self._change_state(interaction, GuildQueueState.OPEN, reason)

    async def show_queue(self, interaction: discord.Interaction) -> None:
        """List the requests of the server."""
        require_moderator(interaction)
        await respond_with(interaction, lambda: self._render_page(interaction, 0))

    async def show_page(self, interaction: discord.Interaction, custom_id: ServerQueuePageId) -> None:
        """Show another page of the list, or the same one anew."""
        require_moderator(interaction)
        await update_message(interaction, lambda: self._render_page(interaction, custom_id.page))

    async def cancel_job(self, interaction: discord.Interaction, custom_id: CancelServerJobId) -> None:
        """Cancel a request of the list."""
        require_moderator(interaction)

        async def cancel_and_render() -> RenderedMessage:
            note = await self._cancel_job(interaction, custom_id.job_id)
            return await self._render_page(interaction, custom_id.page, note)

        await update_message(interaction, cancel_and_render)

    async def _change_state(self, interaction: discord.Interaction, state: GuildQueueState, reason: str | None) -> None:
        require_moderator(interaction)
        settings, guild_id = require_guild_settings(interaction), interaction.guild_id or 0
        if settings.queue_state is state:
            raise RejectedError(make_problem(f"queue_{state}_already"))

        async def change_and_describe() -> str:
            changed = replace(settings, queue_state=state)
            await self.guild_settings.change_settings(
                guild_id, interaction.user.id, settings, changed, action=_ACTIONS[state], reason=reason or ""
            )
            text = get_localized_messages(interaction).text
            try:
                await self.paused_queues.update()
                count = await self.queue.count_open_jobs(guild_id)
            except (QueueUnavailableError, RejectedError) as error:
                log.warning("guild %s: its queue becomes %s when Redis is back: %s", guild_id, state, error)
                return text("moderation.queue_unreachable")
            remaining = text("queue.guild" if count else "queue.guild_none", count=count)
            return f"{text(f'moderation.queue_{state}')} {remaining}"

        await run_and_report(interaction, change_and_describe)

    async def _cancel_job(self, interaction: discord.Interaction, job_id: str) -> str:
        """Cancel a job of this server. The id comes from a client: one of another server is unknown here."""
        statuses = await self.queue.load_statuses([job_id])
        if not statuses or statuses[0].job.origin.guild_id != interaction.guild_id:
            return get_localized_messages(interaction).text(f"cancel.{CancelResult.UNKNOWN}")
        return await self.cancellation.cancel_job(interaction, GenerationSettings.from_job(statuses[0].job, None))

    async def _render_page(self, interaction: discord.Interaction, number: int, note: str = "") -> RenderedMessage:
        """Render a page, or the last one if there are fewer by now."""
        guild_id = interaction.guild_id or 0
        statuses, count = await self.queue.list_guild_jobs(guild_id, number * PAGE_SIZE, PAGE_SIZE)
        last = max(0, count - 1) // PAGE_SIZE
        if number > last:
            return await self._render_page(interaction, last, note)
        prices = await self.ledger_reports.load_reservations([status.job.id for status in statuses])
        page = ServerQueuePage(statuses, count, number, prices, require_guild_settings(interaction).queue_state)
        return RenderedMessage(build_server_queue_view(page, self.catalogue, get_localized_messages(interaction), note))
