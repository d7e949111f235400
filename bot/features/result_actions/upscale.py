"""Upscale: asks for a result to be made larger; where several models can, which one is asked first."""

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.features.result_actions.permissions import ResultActionHandler
from bot.interactions.components import CustomId, build_upscale_choice
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import respond_privately
from shared.problems import RejectedError, make_problem
from shared.request.model import Request, build_upscale_requests


@dataclass(frozen=True)
class UpscaleHandler(ResultActionHandler):
    """Asks the upscaler that `CustomId.more` names, or the only one."""

    async def __call__(self, interaction: discord.Interaction, parsed_id: CustomId) -> None:
        async with limit_lookup_time(interaction):
            recipe = await self.load_permitted_settings(interaction, parsed_id.job_id)
            wanted = self._list_requests(recipe.request, parsed_id.argument)
            if len(wanted) > 1:
                phrases = get_localized_messages(interaction)
                models = [self.submitter.catalogue.models[request.model] for request in wanted]
                choice = build_upscale_choice(recipe.job_id, models, phrases)
                await respond_privately(interaction, phrases.text("upscale.which"), view=choice)
                return
            source = await self.result_lookup.find_result_image(interaction, recipe.job_id)
        await self.submitter.submit(interaction, wanted[0], source, parent_id=recipe.job_id)

    def _list_requests(self, request: Request, key: str) -> Sequence[Request]:
        able = build_upscale_requests(request, self.submitter.catalogue)
        wanted = [larger for larger in able if key in {"", larger.model}]
        if not wanted:
            raise RejectedError(make_problem("upscale_unsupported"))
        return wanted
