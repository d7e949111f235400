"""The message command “Reimagine”: a form asks how to change the message's picture.

The bot has no MESSAGE_CONTENT intent, so Discord shows it the message only while the command is used. The addresses of
its pictures are kept as a draft while the form is open.
https://discord.com/developers/docs/events/gateway#message-content-intent
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord

from bot.domain.draft import EMPTY_FORM, Draft, FilledForm
from bot.domain.images import RemoteImage
from bot.domain.ports import DraftStore, JobHistory
from bot.explorations.several import PictureSubmitter, get_preferred_count
from bot.interactions.custom_ids import DRAFT_ID, CustomId
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages, get_preferences
from bot.interactions.modals import ModalFields, build_modal, read_modal_fields
from bot.interactions.offers import get_offered_catalogue, require_picture_model
from bot.interactions.rejected_forms import RejectedForms
from bot.interactions.responses import open_modal, respond_with_problems
from bot.interactions.teams import require_team
from bot.rendering.form_fields import (
    SELECT_OPTIONS_LIMIT,
    build_choice_field,
    build_model_field,
    build_picture_field,
    build_text_field,
    find_field_errors,
)
from bot.results.message_images import require_message_images
from bot.results.messages import find_full_result, get_result_job_id
from bot.results.reuse import ReuseRule
from bot.submission.foreign_syntax import UnsupportedSyntaxError
from bot.submission.job_queuer import JobDetails
from bot.submission.preset_option import PresetOption
from bot.submission.syntax_question import SyntaxQuestion
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class ReimagineModalId(CustomId, template=f"reimagine:{DRAFT_ID}"):
    draft_id: str


@dataclass(frozen=True)
class ReopenReimagineId(CustomId, template=f"reimagine_reopen:{DRAFT_ID}"):
    draft_id: str


@dataclass(frozen=True)
class ReimagineCommand:
    """Opens the form and submits the job that it describes."""

    validator: RequestValidator
    pictures: PictureSubmitter
    drafts: DraftStore
    forms: RejectedForms
    syntax_question: SyntaxQuestion
    job_history: JobHistory
    reuse_rule: ReuseRule
    preset_option: PresetOption
    catalogue: Catalogue

    async def open_form(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Open the form, or explain why this message has none."""
        try:
            async with limit_lookup_time(interaction):
                message = await find_full_result(interaction.client, message, self.job_history)
                images = self._list_images(interaction, message)
                owner_id = await self.reuse_rule.require_message_permission(interaction, message, self.job_history)
                job_id = get_result_job_id(message, interaction.client)
                draft = Draft(interaction.user.id, images, job_id, source_owner_id=owner_id)
                await self.drafts.save_draft(str(interaction.id), draft)
        except RejectedError as rejection:
            await respond_with_problems(interaction, rejection.problems)
            return
        await open_modal(interaction, self._build_form(interaction, str(interaction.id), images))

    async def reopen_form(self, interaction: discord.Interaction, custom_id: ReopenReimagineId) -> None:
        """Open the form as it was filled in when it was rejected."""
        async with limit_lookup_time(interaction):
            draft = await self.forms.load_draft(interaction, custom_id.draft_id)
        await open_modal(interaction, self._build_form(interaction, custom_id.draft_id, draft.images, draft.form))

    async def submit_form(self, interaction: discord.Interaction, custom_id: ReimagineModalId) -> None:
        """Submit the job that the form describes."""
        fields = read_modal_fields(interaction)
        async with limit_lookup_time(interaction):
            draft, image = await self._load_draft(interaction, custom_id.draft_id, fields)
            await self.reuse_rule.require_permission(interaction, [draft.source_owner_id])
            presets = await self.preset_option.load_presets(interaction, None)
        spoiler = fields.get_text("spoiler")
        details = JobDetails(
            parent_id=draft.parent_id,
            source_owner_id=draft.source_owner_id,
            is_spoiler=image.is_spoiler if spoiler is None else spoiler == "yes",
        )
        options = {name: fields.get_text(name) for name in ("prompt", "negative", "model", "keep")}
        if options["keep"] == _get_preferred_keep(interaction):  # left as it was, it is no choice of this form
            del options["keep"]
        reopen_id = ReopenReimagineId(str(interaction.id))
        try:
            built = self.validator.build_request(interaction, image, options, presets=presets)
        except UnsupportedSyntaxError as unsupported:
            count = get_preferred_count(interaction)
            await self.syntax_question.ask(
                interaction, unsupported, image, details, count=count, literal_count=count, reopen_id=reopen_id
            )
        except RejectedError as rejection:
            await self.forms.explain(interaction, rejection.problems, draft, reopen_id)
        else:
            details["notes"] = built.notes
            count = get_preferred_count(interaction)
            await self.pictures.submit(interaction, built.request, image, count, details)

    def _list_images(self, interaction: discord.Interaction, message: discord.Message) -> tuple[RemoteImage, ...]:
        images = require_message_images(message, SELECT_OPTIONS_LIMIT)
        require_picture_model(interaction, self.catalogue, "")
        problems = self.validator.find_problems(interaction, images[0] if len(images) == 1 else None)
        if problems:
            raise RejectedError(*problems)
        return images

    def _build_form(
        self,
        interaction: discord.Interaction,
        draft_id: str,
        images: tuple[RemoteImage, ...],
        form: FilledForm = EMPTY_FORM,
    ) -> discord.ui.Modal:
        messages, defaults = get_localized_messages(interaction), _get_defaults(interaction)
        catalogue = get_offered_catalogue(interaction, self.catalogue)
        keep = _get_preferred_keep(interaction)
        values = {
            "prompt": "",
            "negative": "",
            "keep": keep,
            "model": defaults.get("model", catalogue.default_model.key),
        }
        values |= form.values
        errors = find_field_errors(form.problems, messages)
        fields = [
            build_text_field(
                "prompt", messages, value=values["prompt"], is_multiline=True, required=True, errors=errors
            ),
            build_text_field("negative", messages, value=values["negative"], is_multiline=True, errors=errors),
            build_text_field("keep", messages, value=values["keep"], errors=errors),
            build_model_field(catalogue, values["model"], messages),
        ]
        if len(images) > 1:  # then there is no room to ask: a spoiler stays one
            fields.append(build_picture_field([image.filename for image in images], messages, values.get("image", "0")))
        else:
            selected = values.get("spoiler") or ("yes" if images[0].is_spoiler else "no")
            fields.append(build_choice_field("spoiler", ("yes", "no"), selected, messages))
        return build_modal(messages.text("command.reimagine.title"), ReimagineModalId(draft_id), *fields)

    async def _load_draft(
        self, interaction: discord.Interaction, draft_id: str, fields: ModalFields
    ) -> tuple[Draft, RemoteImage]:
        """Load the draft of the person's own form, and the picture that was selected. Raises `RejectedError`."""
        draft = await self.forms.load_draft(interaction, draft_id)
        selected = fields.get_text("image") or "0"
        images = dict(enumerate(draft.images))
        if not selected.isdecimal() or int(selected) not in images:
            raise RejectedError(make_problem("draft_expired"))
        return draft, images[int(selected)]


def _get_preferred_keep(interaction: discord.Interaction) -> str:
    defaults = _get_defaults(interaction)
    return f"{defaults['keep']:g}" if "keep" in defaults else ""


def _get_defaults(interaction: discord.Interaction) -> Mapping[str, Any]:
    """Return the options that the user prefers, or those of the team for which they ask."""
    team, preferred = require_team(interaction), get_preferences(interaction).options
    return preferred if team is None else {**preferred, **team.defaults}
