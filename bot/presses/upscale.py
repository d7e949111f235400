"""Upscale: asks for a result to be made larger; where several models can, which one is asked first."""

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.interactions.answers import tell
from bot.interactions.patience import looking_up
from bot.interactions.speaking import phrases_of
from bot.presses.guard import GoingOn
from bot.views import Press, upscale_choice
from shared.errors import Refused, problem
from shared.request import Request, upscales_of


@dataclass(frozen=True)
class Upscale(GoingOn):
    """Asks the upscaler that `Press.more` names, or the only one."""

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        async with looking_up(interaction):
            recipe = await self.recipe(interaction, press.job_id)
            wanted = self._wanted(recipe.request, press.more)
            if len(wanted) > 1:
                phrases = phrases_of(interaction)
                models = [self.intake.catalogue.models[request.model] for request in wanted]
                choice = upscale_choice(recipe.job_id, models, phrases)
                await tell(interaction, phrases.say("upscale.which"), view=choice)
                return
            source = await self.recall.result(interaction, recipe.job_id)
        await self.intake.take(interaction, wanted[0], source, parent=recipe.job_id)

    def _wanted(self, request: Request, key: str) -> Sequence[Request]:
        able = upscales_of(request, self.intake.catalogue)
        wanted = [larger for larger in able if key in {"", larger.model}]
        if not wanted:
            raise Refused(problem("upscale_unsupported"))
        return wanted
