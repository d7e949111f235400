"""Edits of a picture that a message shows: from the menu of a message, or of a result."""

from dataclasses import dataclass

import discord

from bot.domain.draft import Draft
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.ports import DraftStore, JobHistory
from bot.features.editing.custom_ids import ChooseEditId, EditFormId, ReopenEditFormId
from bot.features.editing.editor import Editor
from bot.features.editing.forms import (
    MASK,
    REGION,
    STYLE_PICTURE,
    STYLE_SET,
    build_edit_form,
    list_form_fields,
    read_options,
    read_picture,
)
from bot.features.editing.view import build_choice_view
from bot.interactions.components import get_selected_value
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.modals import read_modal_fields
from bot.interactions.offers import get_offered_catalogue
from bot.interactions.rejected_forms import RejectedForms
from bot.interactions.responses import open_modal, respond_privately, respond_with_problems
from bot.interactions.result_buttons import EditPictureId
from bot.results.lookup import ResultLookup
from bot.results.message_images import require_message_images
from bot.results.messages import find_full_result, get_result_job_id
from bot.results.reuse import ReuseRule
from bot.submission.drafts import read_details
from shared.models import Model
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class EditMenu:
    """Offers the operations for a picture, and opens the form of the one that is chosen."""

    editor: Editor
    drafts: DraftStore
    forms: RejectedForms
    job_history: JobHistory
    result_lookup: ResultLookup
    reuse_rule: ReuseRule

    async def offer_for_message(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Offer the operations for the first picture of a message."""
        try:
            async with limit_lookup_time(interaction):
                message = await find_full_result(interaction.client, message, self.job_history)
                images = require_message_images(message, 1)
                owner_id = await self.reuse_rule.require_message_permission(interaction, message, self.job_history)
                job_id = get_result_job_id(message, interaction.client)
                draft = Draft(
                    interaction.user.id, images, job_id, source_owner_id=owner_id, is_spoiler=images[0].is_spoiler
                )
                await self._offer(interaction, draft)
        except RejectedError as rejection:
            await respond_with_problems(interaction, rejection.problems)

    async def offer_for_result(self, interaction: discord.Interaction, custom_id: EditPictureId) -> None:
        """Offer the operations for a result."""
        async with limit_lookup_time(interaction):
            settings = await self.result_lookup.find_readable_settings(interaction, custom_id.job_id)
            owner_id = await self.reuse_rule.require_permission(interaction, (settings.author_id,), settings.origin)
            draft = Draft(
                interaction.user.id,
                (),
                settings.job_id,
                source_owner_id=owner_id,
                is_spoiler=settings.is_spoiler,
            )
            await self._offer(interaction, draft)

    async def choose_operation(self, interaction: discord.Interaction, custom_id: ChooseEditId) -> None:
        """Open the form of the chosen operation, or submit one that has no options at once."""
        async with limit_lookup_time(interaction):
            draft = await self.forms.load_draft(interaction, custom_id.draft_id)
        model = self.editor.require_model(interaction, get_selected_value(interaction))
        if list_form_fields(model):
            form = build_edit_form(custom_id.draft_id, model, get_localized_messages(interaction))
            await open_modal(interaction, form)
        else:
            await self._submit(interaction, draft, model)

    async def submit_form(self, interaction: discord.Interaction, custom_id: EditFormId) -> None:
        """Submit the edit that the form describes; a rejected form can be opened again."""
        async with limit_lookup_time(interaction):
            draft = await self.forms.load_draft(interaction, custom_id.draft_id)
        model = self.editor.require_model(interaction, custom_id.operation)
        try:
            await self._submit(interaction, draft, model)
        except RejectedError as rejection:
            reopen_id = ReopenEditFormId(str(interaction.id), custom_id.operation)
            await self.forms.explain(interaction, rejection.problems, draft, reopen_id)

    async def reopen_form(self, interaction: discord.Interaction, custom_id: ReopenEditFormId) -> None:
        """Open the form as it was filled in when it was rejected."""
        async with limit_lookup_time(interaction):
            draft = await self.forms.load_draft(interaction, custom_id.draft_id)
        model = self.editor.require_model(interaction, custom_id.operation)
        messages = get_localized_messages(interaction)
        await open_modal(interaction, build_edit_form(custom_id.draft_id, model, messages, draft.form))

    async def _offer(self, interaction: discord.Interaction, draft: Draft) -> None:
        models = get_offered_catalogue(interaction, self.editor.catalogue).edit_models
        if not models:
            raise RejectedError(make_problem("task_not_on_offer", task="edit"))
        draft_id = str(interaction.id)
        await self.drafts.save_draft(draft_id, draft)
        messages = get_localized_messages(interaction)
        view = build_choice_view(draft_id, models, messages)
        await respond_privately(interaction, messages.text("editing.which"), view=view)

    async def _submit(self, interaction: discord.Interaction, draft: Draft, model: Model) -> None:
        fields = read_modal_fields(interaction)
        async with limit_lookup_time(interaction):
            image = await self._find_image(interaction, draft)
        edit = await self.editor.build_input(
            interaction,
            model,
            image,
            read_options({name: fields.get_text(name) for name in list_form_fields(model)}),
            read_details(draft, notes=()),
            region=fields.get_text(REGION),
            mask=read_picture(interaction, MASK),
            style_picture=read_picture(interaction, STYLE_PICTURE),
            style_set=fields.get_text(STYLE_SET),
        )
        await self.editor.submit(interaction, edit)

    async def _find_image(self, interaction: discord.Interaction, draft: Draft) -> RemoteImage | StoredImage:
        """Find the picture of a draft. Raises `RejectedError`, if it is gone or its owner has declined meanwhile."""
        await self.reuse_rule.require_permission(interaction, [draft.source_owner_id])
        if draft.images:
            return draft.images[0]
        return await self.result_lookup.find_result_image(interaction, draft.parent_id or "")
