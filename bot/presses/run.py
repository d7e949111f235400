"""Run: what a picture says of itself is asked for again, under the details that were read from it."""

import asyncio
from dataclasses import dataclass
from typing import Final

import discord

from bot.intake import Intake
from bot.interactions.answers import refuse
from bot.ports import Recipe, Source
from bot.presses.models import model_called
from bot.recall import Recall
from bot.views import Press
from shared.errors import Refused, problem
from shared.request import carried_over

_LOOK_SECONDS: Final = 2.0  # Discord waits for three


@dataclass(frozen=True)
class Run:
    """Asks for the very same where it was made from words; else for the same settings on the picture itself.

    The picture that it started from is not in its words. Nothing else is known of it: whose it is, or which job's.
    """

    intake: Intake
    recall: Recall

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        del press
        try:
            recipe, source = await self._read(interaction)
            model = model_called(self.intake.catalogue, recipe.request.model)
            request = carried_over(recipe.request, model, self.intake.catalogue, seed=recipe.seed)
        except Refused as refused:
            await refuse(interaction, refused.problems)
            return
        await self.intake.take(interaction, request, source if request.has_picture else None)

    async def _read(self, interaction: discord.Interaction) -> tuple[Recipe, Source]:
        """Read the picture that the details show."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                async for found in self.recall.written_on(interaction.message):
                    return found
        except TimeoutError as error:
            raise Refused(problem("attachment_unreachable")) from error
        raise Refused(problem("job_unknown"))
