"""`/queue`: where one's own jobs stand, and how many of the server's there are."""

from dataclasses import dataclass
from functools import partial

import discord

from bot.interactions.deferred_responses import RenderedMessage, respond_with
from bot.interactions.locale import get_localized_messages
from bot.interactions.result_buttons import build_button
from bot.queue.redis_queue import RedisJobQueue
from bot.rendering.job_list import build_queue_view
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
        label = phrases.text("button.cancel")
        buttons = {one.job.id: build_button("queue_cancel", one.job.id, phrases, label=label) for one in standings}
        return RenderedMessage(build_queue_view(standings, guild, self.catalogue, phrases, buttons, note=note))
