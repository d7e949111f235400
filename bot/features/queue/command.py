"""`/queue`: where one's own jobs stand, and how many of the server's there are."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import discord

from bot.interactions.legacy import LegacyCustomId, build_legacy_button
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with, update_message
from bot.queue.job_queue import RedisJobQueue
from bot.rendering.job_list import build_queue_view
from bot.submission.cancellation import JobCancellation
from shared.catalogue import Catalogue
from shared.job import tenant_for_user
from shared.outcome import Failed


@dataclass(frozen=True)
class QueueCommand:
    """Lists the open jobs of the one who asks, to them alone."""

    queue: RedisJobQueue
    catalogue: Catalogue

    async def __call__(self, interaction: discord.Interaction) -> None:
        await respond_with(interaction, partial(self.render_jobs, interaction))

    async def render_jobs(self, interaction: discord.Interaction, note: str = "") -> RenderedMessage:
        """List them, with a sentence on what was done. What was cancelled is not on its way, though its end is."""
        phrases = get_localized_messages(interaction)
        known = await self.queue.list_tenant_jobs(tenant_for_user(interaction.user.id))
        standings = [one for one in known if not (isinstance(one.outcome, Failed) and one.outcome.is_cancelled)]
        guild = None if interaction.guild_id is None else await self.queue.count_open_jobs(interaction.guild_id)
        label, ids = phrases.text("button.cancel"), [one.job.id for one in standings]
        buttons = {job_id: build_legacy_button("queue_cancel", job_id, phrases, label=label) for job_id in ids}
        return RenderedMessage(build_queue_view(standings, guild, self.catalogue, phrases, buttons, note=note))


@dataclass(frozen=True)
class QueueCancelHandler:
    """Cancels a job of the list, and renders the list again with what came of it."""

    cancellation: JobCancellation
    render_jobs: Callable[[discord.Interaction, str], Awaitable[RenderedMessage]]

    async def __call__(self, interaction: discord.Interaction, parsed_id: LegacyCustomId) -> None:
        job_id = await self.cancellation.require_cancellable(interaction, parsed_id.job_id)

        async def cancel_and_render() -> RenderedMessage:
            return await self.render_jobs(interaction, await self.cancellation.cancel_job(interaction, job_id))

        await update_message(interaction, cancel_and_render)
