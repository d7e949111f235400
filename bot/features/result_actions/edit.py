"""Edit: a form with a result's prompt and settings. Use as source: the same for going on from its picture."""

from collections.abc import Iterator
from dataclasses import dataclass

import discord

from bot.domain.records import GenerationSettings
from bot.features.result_actions.edit_form import build_edit_fields, get_prompt_texts
from bot.features.result_actions.model_selection import require_image_model, require_model
from bot.features.result_actions.permissions import ResultActionHandler
from bot.interactions.components import CustomId
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.modals import ModalSubmission, build_modal
from bot.interactions.responses import open_modal, respond_outdated, respond_with_problems
from bot.rendering.form_fields import TEXT_INPUT_LIMIT, list_editable_fields
from shared.catalogue import Model
from shared.problems import Problem, make_problem
from shared.request.model import Request, build_request, convert_to_model


@dataclass(frozen=True)
class EditHandler(ResultActionHandler):
    """Opens the form, and asks for what comes back. `on_result`: of the result itself, else of what it started from.

    All that is known in between is the form's custom id, so another process may take what comes back.
    """

    uses_result: bool = False

    async def __call__(self, interaction: discord.Interaction, parsed_id: CustomId) -> None:
        """Open the form."""
        async with limit_lookup_time(interaction):
            recipe = await self.load_permitted_settings(interaction, parsed_id.job_id)
            model, request = self._choose_model_and_request(recipe)
            too_long = list(_find_too_long_texts(request))
        phrases = get_localized_messages(interaction)
        parts = build_edit_fields(request, None if self.uses_result else recipe.seed, model, phrases)
        if too_long:
            await respond_with_problems(interaction, too_long)
        elif parts:
            await open_modal(interaction, build_modal(phrases.text(f"form.{parsed_id.action}"), parsed_id, *parts))
        else:
            await respond_outdated(interaction)

    async def handle_modal(self, interaction: discord.Interaction, submission: ModalSubmission) -> None:
        """Ask for what was filled in."""
        async with limit_lookup_time(interaction):
            recipe = await self.load_permitted_settings(interaction, submission.job_id)
            request = self._build_request(recipe, submission)
            find = (
                self.result_lookup.find_result_image(interaction, recipe.job_id)
                if self.uses_result
                else self.result_lookup.load_source_image(recipe)
            )
            source = await find
        await self.submitter.submit(interaction, request, source, parent_id=recipe.job_id)

    def _choose_model_and_request(self, settings: GenerationSettings) -> tuple[Model, Request]:
        choose = require_image_model if self.uses_result else require_model
        model = choose(self.submitter.catalogue, settings.request.model)
        return model, convert_to_model(settings.request, model, from_result=self.uses_result)

    def _build_request(self, settings: GenerationSettings, submission: ModalSubmission) -> Request:
        """Put what was filled in into the place of what the form showed; what it does not show stays."""
        model, request = self._choose_model_and_request(settings)
        written = {name: submission.get_text(name) for name in list_editable_fields(request, model)}
        return build_request(
            self.submitter.catalogue,
            model=model.key,
            has_picture=request.has_picture,
            **(request.explicit_options() | written),
        )


def _find_too_long_texts(request: Request) -> Iterator[Problem]:
    for field, text in get_prompt_texts(request).items():
        length = len(text.encode("utf-16-le")) // 2
        if length > TEXT_INPUT_LIMIT:
            yield make_problem("too_long_to_edit", field=field, length=length, limit=TEXT_INPUT_LIMIT)
