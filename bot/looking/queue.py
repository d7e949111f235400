"""`/queue`: where one's own jobs stand, and how many of the server's there are."""

from dataclasses import dataclass

import discord

from bot.interactions.showing import Shown, present
from bot.interactions.speaking import phrases_of
from bot.ports import Listing
from bot.render.queue import queue_view
from bot.views.rows import button
from shared.catalogue import Catalogue
from shared.job import flow_of


@dataclass(frozen=True)
class Queue:
    """Lists the open jobs of the one who asks, to them alone."""

    queue: Listing
    catalogue: Catalogue

    async def __call__(self, interaction: discord.Interaction) -> None:
        async def listed() -> Shown:
            phrases = phrases_of(interaction)
            standings = await self.queue.jobs_of(flow_of(interaction.user.id))
            guild = None if interaction.guild_id is None else await self.queue.waiting(interaction.guild_id)
            buttons = {standing.job.id: button("cancel", standing.job.id, phrases) for standing in standings}
            return Shown(queue_view(standings, guild, self.catalogue, phrases, buttons))

        await present(interaction, listed)
