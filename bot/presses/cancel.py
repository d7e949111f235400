"""Cancel: ends a job that waits, before anything is paid for."""

import logging
from dataclasses import dataclass
from functools import partial

import discord

from bot.interactions.answers import report
from bot.interactions.patience import looking_up
from bot.interactions.speaking import phrases_of
from bot.ports import Cancelling
from bot.presses.guard import may_end
from bot.recall import Recall
from bot.views import Press
from shared.errors import problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cancel:
    """Cancels for the author or a moderator; the end is told in the job's place as any other."""

    recall: Recall
    queue: Cancelling

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        async with looking_up(interaction):
            recipe = await self.recall.recipe(interaction, press.job_id)
        if await may_end(interaction, recipe.author):
            await report(interaction, partial(self._cancel, interaction, recipe.job_id))

    async def _cancel(self, interaction: discord.Interaction, job_id: str) -> str:
        ended = await self.queue.cancel(job_id, problem("cancelled", name=interaction.user.display_name))
        log.info("job %s: %s asked to cancel it: %s", job_id, interaction.user.id, ended)
        return phrases_of(interaction).say(f"cancel.{ended}")
