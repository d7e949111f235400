"""Edit: a modal with the prompt and settings of a result. Use as source: the same, starting from its picture."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import discord

from bot.domain.draft import EMPTY_FORM, Draft, FilledForm
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.records import GenerationSettings
from bot.features.result_actions.custom_ids import EditModalId, ReopenEditId, ReopenUseAsSourceId, UseAsSourceModalId
from bot.features.result_actions.permissions import ResultActionHandler
from bot.interactions.custom_ids import CustomId
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.modals import build_modal
from bot.interactions.offers import require_picture_model
from bot.interactions.rejected_forms import RejectedForms
from bot.interactions.responses import open_modal, respond_outdated, respond_with_problems
from bot.interactions.result_buttons import EditId, UseAsSourceId
from bot.rendering.edit_form import build_edit_fields, get_prompt_texts
from bot.rendering.form_fields import TEXT_INPUT_LIMIT
from bot.rendering.markdown import count_utf16_units
from bot.submission.edited_request import build_edited_request
from bot.submission.foreign_syntax import UnsupportedSyntaxError
from bot.submission.job_queuer import JobDetails
from bot.submission.model_selection import pick_model
from bot.submission.syntax_question import SyntaxQuestion
from shared.catalogue import Model
from shared.problems import Problem, RejectedError, make_problem
from shared.request.conversion import convert_to_model
from shared.request.model import BuiltRequest, Request


@dataclass(frozen=True)
class EditHandler(ResultActionHandler):
    """Opens the modals and submits their requests. Another process may receive the submission."""

    forms: RejectedForms
    syntax_question: SyntaxQuestion

    async def open_edit_modal(self, interaction: discord.Interaction, custom_id: EditId) -> None:
        """Open the modal with the settings of a result."""
        await self._open_edit_modal(interaction, custom_id.job_id, EMPTY_FORM)

    async def reopen_edit_modal(self, interaction: discord.Interaction, custom_id: ReopenEditId) -> None:
        """Open the modal as it was filled in when it was rejected."""
        await self._open_edit_modal(interaction, custom_id.job_id, await self._load_form(interaction, custom_id))

    async def submit_edit(self, interaction: discord.Interaction, custom_id: EditModalId) -> None:
        """Submit the edited request, on the picture that the job started from."""
        async with limit_lookup_time(interaction):
            settings, details = await self.load_permitted_settings(interaction, custom_id.job_id, from_result=False)
            model = pick_model(interaction, self.catalogue, settings.request)
            source = await self.result_lookup.load_source_image(interaction, settings)
        build = partial(self._build_request, interaction, settings, model, from_result=False)
        reopen_id = ReopenEditId(custom_id.job_id, str(interaction.id))
        await self._submit(interaction, build, source, details, reopen_id)

    async def open_source_modal(self, interaction: discord.Interaction, custom_id: UseAsSourceId) -> None:
        """Open the modal with settings for the picture of a result."""
        await self._open_source_modal(interaction, custom_id.job_id, EMPTY_FORM)

    async def reopen_source_modal(self, interaction: discord.Interaction, custom_id: ReopenUseAsSourceId) -> None:
        """Open the modal as it was filled in when it was rejected."""
        await self._open_source_modal(interaction, custom_id.job_id, await self._load_form(interaction, custom_id))

    async def submit_source(self, interaction: discord.Interaction, custom_id: UseAsSourceModalId) -> None:
        """Submit the request on the picture of the result."""
        async with limit_lookup_time(interaction):
            settings, details = await self.load_permitted_settings(interaction, custom_id.job_id, from_result=True)
            model = require_picture_model(interaction, self.catalogue, settings.request.model)
            source = await self.result_lookup.find_result_image(interaction, settings.job_id)
        build = partial(self._build_request, interaction, settings, model, from_result=True)
        reopen_id = ReopenUseAsSourceId(custom_id.job_id, str(interaction.id))
        await self._submit(interaction, build, source, details, reopen_id)

    async def _open_edit_modal(self, interaction: discord.Interaction, job_id: str, form: FilledForm) -> None:
        async with limit_lookup_time(interaction):
            settings, _ = await self.load_permitted_settings(interaction, job_id, from_result=False)
            model = pick_model(interaction, self.catalogue, settings.request)
        request = convert_to_model(settings.request, model)
        title = get_localized_messages(interaction).text("form.edit")
        await _open_modal(interaction, title, EditModalId(job_id), request, model, form, seed=settings.seed)

    async def _open_source_modal(self, interaction: discord.Interaction, job_id: str, form: FilledForm) -> None:
        async with limit_lookup_time(interaction):
            settings, _ = await self.load_permitted_settings(interaction, job_id, from_result=True)
            model = require_picture_model(interaction, self.catalogue, settings.request.model)
        request = convert_to_model(settings.request, model, from_result=True)
        title = get_localized_messages(interaction).text("form.use_as_source")
        await _open_modal(interaction, title, UseAsSourceModalId(job_id), request, model, form, seed=None)

    async def _load_form(
        self, interaction: discord.Interaction, custom_id: ReopenEditId | ReopenUseAsSourceId
    ) -> FilledForm:
        async with limit_lookup_time(interaction):
            return (await self.forms.load_draft(interaction, custom_id.draft_id)).form

    async def _submit(
        self,
        interaction: discord.Interaction,
        build: Callable[[], BuiltRequest],
        source: RemoteImage | StoredImage | None,
        details: JobDetails,
        reopen_id: CustomId,
    ) -> None:
        """Submit the request that is built, or explain why not, with a button to open the modal again."""
        try:
            built = build()
        except UnsupportedSyntaxError as unsupported:
            await self.syntax_question.ask(interaction, unsupported, source, details, reopen_id=reopen_id)
        except RejectedError as rejection:
            await self.forms.explain(interaction, rejection.problems, Draft(interaction.user.id, ()), reopen_id)
        else:
            details["notes"] = built.notes
            await self.submitter.submit(interaction, built.request, source, **details)

    def _build_request(
        self, interaction: discord.Interaction, settings: GenerationSettings, model: Model, *, from_result: bool
    ) -> BuiltRequest:
        """Replace the settings that the modal shows, and keep the others."""
        request = convert_to_model(settings.request, model, from_result=from_result)
        seed = None if from_result else settings.seed
        return build_edited_request(interaction, self.submitter.validator, request, seed, model)


async def _open_modal(
    interaction: discord.Interaction,
    title: str,
    modal_id: CustomId,
    request: Request,
    model: Model,
    form: FilledForm,
    *,
    seed: int | None,
) -> None:
    parts = build_edit_fields(request, seed, model, get_localized_messages(interaction), form)
    too_long = list(_find_too_long_texts(request))
    if too_long:
        await respond_with_problems(interaction, too_long)
    elif parts:
        await open_modal(interaction, build_modal(title, modal_id, *parts))
    else:
        await respond_outdated(interaction)


def _find_too_long_texts(request: Request) -> Iterator[Problem]:
    """Find prompts that a text input cannot hold. Discord counts UTF-16 code units."""
    for field, text in get_prompt_texts(request).items():
        length = count_utf16_units(text)
        if length > TEXT_INPUT_LIMIT:
            yield make_problem("too_long_to_edit", field=field, length=length, limit=TEXT_INPUT_LIMIT)
