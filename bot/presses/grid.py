"""Cancel what waits: the button under an exploration. Those of its cells are `bot.looking.show`'s."""

import logging
from dataclasses import dataclass
from functools import partial

import discord

from bot.interactions.patience import looking_up
from bot.interactions.showing import Shown, present
from bot.interactions.speaking import phrases_of
from bot.ports import Cancelled, Cancelling, Exploring, Grid
from bot.presses.guard import require_end
from bot.render.grid import note_view
from bot.views import Press
from shared.errors import Refused, problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CancelAll:
    """Cancels the cells that wait, for who asked or a moderator; each end is told as any other."""

    grids: Exploring
    queue: Cancelling

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        async with looking_up(interaction):
            grid = await self.grids.grid(press.job_id)
        if grid is None or grid.place.guild != (interaction.guild_id or grid.place.guild):
            raise Refused(problem("job_unknown"))
        require_end(interaction, grid.requester.id)
        await present(interaction, partial(self._cancelled, interaction, grid))

    async def _cancelled(self, interaction: discord.Interaction, grid: Grid) -> Shown:
        why = problem("cancelled", name=interaction.user.display_name)
        ends = [await self.queue.cancel(cell, why) for cell in grid.cells]
        count = ends.count(Cancelled.CANCELLED)
        log.info("exploration %s: %s cancelled %d of its cells", grid.id, interaction.user.id, count)
        return Shown(note_view(phrases_of(interaction).say("grid.cancelled", count=count)))
