"""Run: what a picture says of itself is asked for again, under the details that were read from it."""

from dataclasses import dataclass

import discord

from bot.intake import Intake
from bot.interactions.patience import looking_up
from bot.ports import Recipe, Source
from bot.presses.models import model_called
from bot.recall import Recall
from bot.views import Press
from shared.errors import Refused, problem
from shared.request import carried_over


@dataclass(frozen=True)
class Run:
    """Asks for the very same where it was made from words; else for the same settings on the picture itself.

    The picture that it started from is not in its words. Nothing else is known of it: whose it is, or which job's.
    """

    intake: Intake
    recall: Recall

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        del press
        async with looking_up(interaction):
            recipe, source = await self._read(interaction)
        model = model_called(self.intake.catalogue, recipe.request.model)
        request = carried_over(recipe.request, model, self.intake.catalogue, seed=recipe.seed)
        await self.intake.take(interaction, request, source if request.has_picture else None)

    async def _read(self, interaction: discord.Interaction) -> tuple[Recipe, Source]:
        """Read the picture that the details show."""
        async for found in self.recall.written_on(interaction.message):
            return found
        raise Refused(problem("job_unknown"))
