"""Delete: removes a result's messages, after a confirmation, or for a moderator with a reason."""

from dataclasses import dataclass

import discord

from bot.domain.records import GenerationSettings
from bot.features.result_actions.buttons import build_delete_confirmation
from bot.features.result_actions.custom_ids import ConfirmDeleteId, DeleteReasonId, MenuDeleteId
from bot.interactions.locale import get_localized_messages
from bot.interactions.reason_form import build_reason_modal, read_reason
from bot.interactions.responses import (
    defer_update,
    edit_response,
    format_problems,
    open_modal,
    respond_privately,
    run_and_report,
    show_in_place,
)
from bot.interactions.result_buttons import DeleteId
from bot.results.deletion import ResultDeletion
from shared.problems import RejectedError


@dataclass(frozen=True)
class DeleteHandler:
    """Deletes results for their author or a moderator."""

    deletion: ResultDeletion

    async def ask_for_confirmation(self, interaction: discord.Interaction, custom_id: DeleteId) -> None:
        """Ask the author alone to confirm, or a moderator for the reason."""
        settings = await self.deletion.require_deletable(interaction, custom_id.job_id)
        messages = get_localized_messages(interaction)
        if not _is_own(interaction, settings):
            await self._ask_for_reason(interaction, settings)
            return
        view = build_delete_confirmation(settings.job_id, messages)
        await respond_privately(interaction, messages.text("delete.sure"), view=view)

    async def ask_for_confirmation_in_menu(self, interaction: discord.Interaction, custom_id: MenuDeleteId) -> None:
        """Ask as above, in place of the menu: its message tells which copy of the result was used."""
        settings = await self.deletion.require_deletable(interaction, custom_id.job_id)
        messages = get_localized_messages(interaction)
        if not _is_own(interaction, settings):
            await self._ask_for_reason(interaction, settings)
            return
        view = build_delete_confirmation(settings.job_id, messages)
        await show_in_place(interaction, messages.text("delete.sure"), view)

    async def delete_result(self, interaction: discord.Interaction, custom_id: ConfirmDeleteId) -> None:
        """Delete the author's result, the copy whose button was used, and the words and the preview in its channel."""
        settings = await self.deletion.require_deletable(interaction, custom_id.job_id)
        if not _is_own(interaction, settings):
            await self._ask_for_reason(interaction, settings)
            return
        if not await defer_update(interaction):
            return
        try:
            await self.deletion.delete_own(interaction, settings.job_id)
        except RejectedError as rejection:
            await edit_response(interaction, format_problems(interaction, rejection.problems))
            return
        await edit_response(interaction, get_localized_messages(interaction).text("delete.done"))

    async def delete_with_reason(self, interaction: discord.Interaction, custom_id: DeleteReasonId) -> None:
        """Delete somebody's result for a moderator, who gave the reason."""
        settings = await self.deletion.require_deletable(interaction, custom_id.job_id)
        reason = read_reason(interaction)

        async def delete() -> str:
            await self.deletion.delete_as_moderator(interaction, settings, reason)
            return get_localized_messages(interaction).text("delete.done")

        await run_and_report(interaction, delete)

    async def _ask_for_reason(self, interaction: discord.Interaction, settings: GenerationSettings) -> None:
        messages = get_localized_messages(interaction)
        custom_id, description = DeleteReasonId(settings.job_id), messages.text("reason.read_by_author")
        modal = build_reason_modal(messages.text("delete.title"), custom_id, messages, description=description)
        await open_modal(interaction, modal)


def _is_own(interaction: discord.Interaction, settings: GenerationSettings) -> bool:
    return settings.author_id == interaction.user.id
