"""`/queue`: where one's own jobs stand, and how many of the server's there are."""

from dataclasses import dataclass
from functools import partial

import discord

from bot.interactions.showing import Shown, present
from bot.interactions.speaking import phrases_of
from bot.ports import Listing
from bot.render.queue import queue_view
from bot.views.rows import button
from shared.catalogue import Catalogue
from shared.job import flow_of
from shared.outcome import Failed


@dataclass(frozen=True)
class Queue:
    """Lists the open jobs of the one who asks, to them alone."""

    queue: Listing
    catalogue: Catalogue

    async def __call__(self, interaction: discord.Interaction) -> None:
        await present(interaction, partial(self.listed, interaction))

    async def listed(self, interaction: discord.Interaction, note: str = "") -> Shown:
        """List them, with a sentence on what was done. What was cancelled is not on its way, though its end is."""
        phrases = phrases_of(interaction)
        known = await self.queue.jobs_of(flow_of(interaction.user.id))
        standings = [one for one in known if not (isinstance(one.outcome, Failed) and one.outcome.cancelled)]
        guild = None if interaction.guild_id is None else await self.queue.waiting(interaction.guild_id)
        label = phrases.say("button.cancel")
        buttons = {one.job.id: button("queue_cancel", one.job.id, phrases, label=label) for one in standings}
        return Shown(queue_view(standings, guild, self.catalogue, phrases, buttons, note=note))
