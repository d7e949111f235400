"""Cancel: ends a job that waits, before anything is paid for."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import discord

from bot.interactions.answers import report
from bot.interactions.patience import looking_up
from bot.interactions.showing import Shown, turn
from bot.interactions.speaking import phrases_of
from bot.ports import Cancelling
from bot.presses.guard import require_end
from bot.recall import Recall
from bot.views import Press
from shared.errors import problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cancel:
    """Cancels for the author or a moderator; the end is told in the job's place as any other.

    What came of it is told to the one who cancelled, or, where the button stood in a list, `listed` anew with it.
    """

    recall: Recall
    queue: Cancelling
    listed: Callable[[discord.Interaction, str], Awaitable[Shown]] | None = None

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        async with looking_up(interaction):
            recipe = await self.recall.recipe(interaction, press.job_id)
        require_end(interaction, recipe.author)
        cancel, listed = partial(self._cancel, interaction, recipe.job_id), self.listed
        if listed is None:
            await report(interaction, cancel)
            return

        async def left() -> Shown:
            return await listed(interaction, await cancel())

        await turn(interaction, left)

    async def _cancel(self, interaction: discord.Interaction, job_id: str) -> str:
        ended = await self.queue.cancel(job_id, problem("cancelled", name=interaction.user.display_name))
        log.info("job %s: %s asked to cancel it: %s", job_id, interaction.user.id, ended)
        return phrases_of(interaction).say(f"cancel.{ended}")
