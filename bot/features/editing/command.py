"""The subcommands of `/edit`, one for each operation, and the buttons of the preview."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import discord

from bot.domain.images import RemoteImage, StoredImage
from bot.features.editing.custom_ids import ChangeRegionId, RegionFormId, StartEditId
from bot.features.editing.editor import Editor
from bot.features.editing.forms import MASK, REGION, build_region_form, read_picture
from bot.features.editing.options import build_optional_image
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.modals import read_modal_fields
from bot.interactions.rejected_forms import RejectedForms
from bot.interactions.responses import open_modal, respond_with_problems, update_message
from bot.results.message_images import build_attached_image
from bot.submission.drafts import DraftImageLoader, read_details
from bot.submission.job_queuer import JobDetails
from bot.submission.source_option import NO_SOURCE, SourceOption
from bot.submission.submitter import JobSubmitter
from shared.models import Operation
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class EditCommand:
    """Parses the options of an operation, and submits the edit once its region or style was shown."""

    editor: Editor
    source_option: SourceOption
    submitter: JobSubmitter
    draft_images: DraftImageLoader
    forms: RejectedForms

    async def edit_picture(
        self,
        operation: Operation,
        interaction: discord.Interaction,
        *,
        image: discord.Attachment | None = None,
        source: str | None = None,
        region: str | None = None,
        mask: discord.Attachment | None = None,
        style_picture: discord.Attachment | None = None,
        style_set: str | None = None,
        spoiler: bool | None = None,
        **options: Any,
    ) -> None:
        """Submit the edit of the attached picture, or of one of the thread."""
        try:
            model = self.editor.require_model(interaction, operation)
            is_new = operation == "style" and style_set is not None and image is None and source is None
            picture, details = await self._find_picture(interaction, image, NO_SOURCE if is_new else source)
            if spoiler is not None:
                details["is_spoiler"] = spoiler
            edit = await self.editor.build_input(
                interaction,
                model,
                picture,
                options,
                details,
                region=region,
                mask=build_optional_image(mask),
                style_picture=build_optional_image(style_picture),
                style_set=style_set,
            )
        except RejectedError as rejection:
            await respond_with_problems(interaction, rejection.problems)
            return
        await self.editor.submit(interaction, edit)

    async def _find_picture(
        self, interaction: discord.Interaction, attached: discord.Attachment | None, source: str | None
    ) -> tuple[RemoteImage | StoredImage | None, JobDetails]:
        """Find the attached picture, or one of the thread, and the details of a job that starts from it.

        Raises `RejectedError`: source_conflict, and as `SourceOption` does.
        """
        if attached is not None:
            if source is not None:
                raise RejectedError(make_problem("source_conflict", field="source"))
            return build_attached_image(attached), JobDetails()
        found = await self.source_option.find_source(interaction, source)
        if found is None:
            return None, JobDetails()
        details = JobDetails(
            parent_id=found.parent_id,
            source_kind=found.kind,
            source_owner_id=found.owner_id,
            is_spoiler=found.is_spoiler,
        )
        return found.image, details

    async def start_edit(self, interaction: discord.Interaction, custom_id: StartEditId) -> None:
        """Submit the edit that the message shows, once."""
        async with limit_lookup_time(interaction):
            draft = await self.forms.load_draft(interaction, custom_id.draft_id)
            if draft.built is None:
                raise RejectedError(make_problem("draft_expired"))
            image = await self.draft_images.load_image(interaction, draft)
        details = read_details(draft, draft.built.notes)
        await self.submitter.submit_choice(interaction, custom_id, draft.built.request, image, **details)

    async def open_region_form(self, interaction: discord.Interaction, custom_id: ChangeRegionId) -> None:
        """Open the form for another region."""
        await open_modal(interaction, build_region_form(custom_id.draft_id, get_localized_messages(interaction)))

    async def change_region(self, interaction: discord.Interaction, custom_id: RegionFormId) -> None:
        """Show the edit with the region of the form in place of the one before."""
        async with limit_lookup_time(interaction):
            draft = await self.forms.load_draft(interaction, custom_id.draft_id)
            stored = await self.draft_images.load_image(interaction, draft)
        region = read_modal_fields(interaction).get_text(REGION)
        mask = read_picture(interaction, MASK)
        render = partial(self.editor.render_other_region, interaction, draft, stored, region, mask)
        await update_message(interaction, render)
