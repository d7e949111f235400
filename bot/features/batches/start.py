"""`/batch start` and “Batch from these pictures”: the files become a draft, whose preview only its requester sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import discord
from discord import app_commands

from bot.batches.brief_text import TITLE_LIMIT
from bot.batches.drafting import BatchDrafter, SentBatch
from bot.batches.uploads import BatchUploads
from bot.discord_client.command_builder import LABEL_LIMIT
from bot.domain.draft import Draft
from bot.domain.images import RemoteImage
from bot.domain.ports import DraftStore, JobHistory
from bot.domain.teams import MYSELF, Team
from bot.features.batches.context import BatchContext
from bot.features.batches.custom_ids import BatchFormId
from bot.features.batches.previews import BatchPreviews
from bot.features.batches.start_form import FILES, MAX_FILES, TEAM, TEMPLATE, TEMPLATE_LIMIT, TITLE, build_start_form
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.modal_files import read_modal_files
from bot.interactions.modals import read_modal_fields
from bot.interactions.rejected_forms import RejectedForms
from bot.interactions.responses import RenderedMessage, open_modal, respond_with, respond_with_problems
from bot.interactions.teams import get_chosen_role_id
from bot.results.message_images import build_attached_image, require_message_images
from bot.results.messages import find_full_result
from bot.results.reuse import ReuseRule
from bot.submission.team_option import TeamOption
from shared.job import Priority
from shared.problems import RejectedError

NO_DRAFT: Final = "0"

File = discord.Attachment
Template = app_commands.Range[str, 1, TEMPLATE_LIMIT]
Title = app_commands.Range[str, 1, TITLE_LIMIT]
TeamName = app_commands.Range[str, 1, LABEL_LIMIT]


@dataclass(frozen=True)
class StartCommand:
    """Makes drafts of the files that members send in."""

    context: BatchContext
    uploads: BatchUploads
    drafter: BatchDrafter
    previews: BatchPreviews
    team_option: TeamOption
    drafts: DraftStore
    job_history: JobHistory
    reuse_rule: ReuseRule

    async def start(
        self,
        interaction: discord.Interaction,
        file1: File | None = None,
        file2: File | None = None,
        file3: File | None = None,
        file4: File | None = None,
        file5: File | None = None,
        file6: File | None = None,
        file7: File | None = None,
        file8: File | None = None,
        file9: File | None = None,
        file10: File | None = None,
        template: Template | None = None,
        team: TeamName | None = None,
        title: Title | None = None,
        priority: str | None = None,
    ) -> None:
        """Make a draft of the files; without any, open the form that asks for them."""
        given = (file1, file2, file3, file4, file5, file6, file7, file8, file9, file10)
        files = [build_attached_image(file) for file in given if file is not None]
        if not files:
            await self._open_form(interaction, NO_DRAFT, team, template=template or "", title=title or "")
            return

        async def make_draft() -> RenderedMessage:
            chosen = await self.team_option.choose_team(interaction, team)
            return await self._make_draft(
                interaction, files, chosen, template or "", title or "", Priority(priority) if priority else None
            )

        await respond_with(interaction, make_draft)

    async def open_form_of_message(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Open the form for the pictures of a message, or explain why it has none."""
        try:
            async with limit_lookup_time(interaction):
                self.context.require_open(interaction)
                message = await find_full_result(interaction.client, message, self.job_history)
                images = require_message_images(message, MAX_FILES)
                owner_id = await self.reuse_rule.require_message_permission(interaction, message, self.job_history)
                draft = Draft(interaction.user.id, images, source_owner_id=owner_id)
                await self.drafts.save_draft(str(interaction.id), draft)
        except RejectedError as rejection:
            await respond_with_problems(interaction, rejection.problems)
            return
        await self._open_form(interaction, str(interaction.id), None)

    async def submit_form(self, interaction: discord.Interaction, custom_id: BatchFormId) -> None:
        """Make a draft of the files of the form, and of the pictures of the message from which it was opened."""
        fields = read_modal_fields(interaction)
        files = [build_attached_image(file) for file in read_modal_files(interaction, FILES)]
        template, title = fields.get_text(TEMPLATE) or "", fields.get_text(TITLE) or ""

        async def make_draft() -> RenderedMessage:
            images = await self._load_images(interaction, custom_id.draft_id)
            chosen = await self.team_option.choose_team(interaction, fields.get_text(TEAM))
            return await self._make_draft(interaction, [*images, *files], chosen, template, title, None)

        await respond_with(interaction, make_draft)

    async def _open_form(
        self,
        interaction: discord.Interaction,
        draft_id: str,
        team: str | None,
        *,
        template: str = "",
        title: str = "",
    ) -> None:
        try:
            async with limit_lookup_time(interaction):
                self.context.require_open(interaction)
                if team is not None:
                    await self.team_option.save_choice(interaction, team)
                teams = await self.team_option.list_own_teams(interaction)
                chosen_role_id = get_chosen_role_id(interaction) if teams else MYSELF
        except RejectedError as rejection:
            await respond_with_problems(interaction, rejection.problems)
            return
        form = build_start_form(
            draft_id,
            get_localized_messages(interaction),
            teams=teams,
            chosen_role_id=chosen_role_id,
            needs_files=draft_id == NO_DRAFT,
            template=template,
            title=title,
        )
        await open_modal(interaction, form)

    async def _load_images(self, interaction: discord.Interaction, draft_id: str) -> Sequence[RemoteImage]:
        """Load the pictures of the message from which a form was opened. Raises `RejectedError` (draft_expired)."""
        if draft_id == NO_DRAFT:
            return ()
        draft = await RejectedForms(self.drafts).load_draft(interaction, draft_id)
        await self.reuse_rule.require_permission(interaction, [draft.source_owner_id])
        return draft.images

    async def _make_draft(
        self,
        interaction: discord.Interaction,
        files: Sequence[RemoteImage],
        team: Team | None,
        template: str,
        title: str,
        priority: Priority | None,
    ) -> RenderedMessage:
        self.context.require_open(interaction)
        await self.context.require_room(interaction)
        messages = get_localized_messages(interaction)
        batch = self.context.build_batch(interaction, team, priority)
        context = await self.context.build_request_context(interaction, team)
        async with self.uploads.hold_files(files, interaction.filesize_limit) as sent_files:
            sent = SentBatch(sent_files, template, title)
            prepared = await self.drafter.prepare(batch.id, sent, context)
            await self.drafter.add_draft(batch, sent, prepared, messages)
        return await self.previews.render_stored(interaction, batch.id)
