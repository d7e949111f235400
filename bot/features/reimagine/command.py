"""“Reimagine”, used on a message with a picture: a form asks what the picture should become, then it is asked for.

Discord shows the bot the message only as the command is used (it has no MESSAGE_CONTENT intent), so the pictures'
addresses are kept as a draft for as long as the form may be open.
https://discord.com/developers/docs/events/gateway#message-content-intent
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import discord
from discord import app_commands

from bot.discord_client.translator import localize_text
from bot.domain.draft import Draft
from bot.domain.images import RemoteImage
from bot.domain.ports import DraftStore
from bot.interactions.components import CustomId
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages, get_preferences
from bot.interactions.modals import ModalSubmission, build_modal
from bot.interactions.responses import open_modal, respond_with_problems
from bot.rendering.form_fields import SELECT_OPTIONS_LIMIT, build_model_field, build_picture_field, build_text_field
from bot.results.lookup import get_result_job_id, list_message_images
from bot.submission.submitter import JobSubmitter
from shared.problems import RejectedError, make_problem
from shared.request.model import Request

ACTION: Final = "reimagine"

MessageCommandHandler = Callable[[discord.Interaction, discord.Message], Coroutine[Any, Any, None]]


def build_message_command(key: str, handler: MessageCommandHandler) -> app_commands.ContextMenu:
    """Build the command that is found in the menu of a message, named `command.<key>.name`."""

    @app_commands.guild_only()
    @app_commands.guild_install()
    async def callback(interaction: discord.Interaction, message: discord.Message) -> None:
        await handler(interaction, message)

    return app_commands.ContextMenu(name=localize_text(f"command.{key}.name"), callback=callback)


@dataclass(frozen=True)
class ReimagineCommand:
    """Opens the form on a message and takes on what comes back. `drafts` keep the pictures meanwhile."""

    submitter: JobSubmitter
    drafts: DraftStore

    async def __call__(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Open the form, or say why there is none."""
        try:
            pictures = self._list_pictures(interaction, message)
            parent = get_result_job_id(message, interaction.client)
            async with limit_lookup_time(interaction):
                await self.drafts.save_draft(str(interaction.id), Draft(interaction.user.id, pictures, parent))
        except RejectedError as refused:
            await respond_with_problems(interaction, refused.problems)
            return
        await open_modal(interaction, self._build_form(interaction, pictures))

    async def handle_modal(self, interaction: discord.Interaction, submission: ModalSubmission) -> None:
        """Take on what the form asks for."""
        try:
            async with limit_lookup_time(interaction):
                draft, source = await self._load_draft(interaction, submission)
            request = self._build_request(interaction, submission, source)
        except RejectedError as refused:
            await respond_with_problems(interaction, refused.problems)
            return
        await self.submitter.submit(interaction, request, source, parent_id=draft.parent_id)

    def _list_pictures(self, interaction: discord.Interaction, message: discord.Message) -> tuple[RemoteImage, ...]:
        pictures = tuple(list_message_images(message))[:SELECT_OPTIONS_LIMIT]
        if not pictures:
            raise RejectedError(make_problem("no_picture"))
        if self.submitter.catalogue.pick_picture_model("") is None:
            raise RejectedError(make_problem("picture_unsupported_anywhere"))
        wrong = self.submitter.find_problems(interaction, pictures[0] if len(pictures) == 1 else None)
        if wrong:
            raise RejectedError(*wrong)
        return pictures

    def _build_form(self, interaction: discord.Interaction, pictures: tuple[RemoteImage, ...]) -> discord.ui.Modal:
        phrases, catalogue = get_localized_messages(interaction), self.submitter.catalogue
        preferred = get_preferences(interaction).options
        keep = f"{preferred['keep']:g}" if "keep" in preferred else ""
        parts = [
            build_text_field("prompt", phrases, is_multiline=True, required=True),
            build_text_field("negative", phrases, is_multiline=True),
            build_text_field("keep", phrases, value=keep),
            build_model_field(catalogue, datetime.now(UTC).date(), preferred.get("model", catalogue.default), phrases),
        ]
        if len(pictures) > 1:
            parts.append(build_picture_field([picture.filename for picture in pictures], phrases))
        return build_modal(phrases.text("command.reimagine.title"), CustomId(ACTION, str(interaction.id)), *parts)

    async def _load_draft(
        self, interaction: discord.Interaction, submission: ModalSubmission
    ) -> tuple[Draft, RemoteImage]:
        """Give the draft of the form, which is its opener's alone, and the picture that was chosen."""
        draft = await self.drafts.load_draft(submission.job_id)
        chosen = submission.get_text("image") or "0"
        pictures = dict(enumerate(draft.images)) if draft and draft.user_id == interaction.user.id else {}
        if draft is None or not chosen.isdecimal() or int(chosen) not in pictures:
            raise RejectedError(make_problem("draft_gone"))
        return draft, pictures[int(chosen)]

    def _build_request(
        self, interaction: discord.Interaction, submission: ModalSubmission, source: RemoteImage
    ) -> Request:
        given = {name: submission.get_text(name) for name in ("prompt", "negative", "model", "keep")}
        return self.submitter.build_request(interaction, source, given)
