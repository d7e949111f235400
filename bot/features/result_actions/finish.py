"""Finish: makes a draft with a better model, or larger, by a choice that names each price."""

from dataclasses import dataclass

import discord

from bot.features.result_actions.buttons import build_finish_view
from bot.features.result_actions.custom_ids import FinishWithId
from bot.features.result_actions.permissions import ResultActionHandler
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.offers import get_offered_catalogue
from bot.interactions.responses import respond_privately
from bot.interactions.result_buttons import FinishId
from shared.problems import RejectedError, make_problem
from shared.request.conversion import build_finish_requests, build_upscale_requests


@dataclass(frozen=True)
class FinishHandler(ResultActionHandler):
    """Offers the models that finish a draft, and submits the request to the chosen one."""

    async def offer_models(self, interaction: discord.Interaction, custom_id: FinishId) -> None:
        """Show a button for each better model and each upscaler, with its price, to the user alone."""
        async with limit_lookup_time(interaction):
            settings, _ = await self.load_permitted_settings(interaction, custom_id.job_id, from_result=True)
        offered = get_offered_catalogue(interaction, self.catalogue)
        better = [
            self.catalogue.models[built.request.model] for built in build_finish_requests(settings.request, offered)
        ]
        larger = [self.catalogue.models[request.model] for request in build_upscale_requests(settings.request, offered)]
        if not better and not larger:
            raise RejectedError(make_problem("finish_unsupported"))
        messages = get_localized_messages(interaction)
        view = build_finish_view(settings.job_id, better, larger, messages)
        words_alone = any(model.picture == "none" for model in better)
        text = messages.text("finish.which_from_words" if words_alone else "finish.which")
        await respond_privately(interaction, text, view=view)

    async def finish_with_model(self, interaction: discord.Interaction, custom_id: FinishWithId) -> None:
        """Submit the request to the chosen model, once for each choice."""
        async with limit_lookup_time(interaction):
            settings, details = await self.load_permitted_settings(interaction, custom_id.job_id, from_result=True)
            built = next(
                (
                    built
                    for built in build_finish_requests(settings.request, self.catalogue)
                    if built.request.model == custom_id.model
                ),
                None,
            )
            if built is None:
                raise RejectedError(make_problem("finish_unsupported"))
            has_source = built.request.has_picture
            source = await self.result_lookup.find_result_image(interaction, settings.job_id) if has_source else None
        details["notes"] = built.notes
        await self.submitter.submit_choice(interaction, custom_id, built.request, source, **details)
