"""Forms that were rejected: the problems are shown with a button that opens the form again, as it was filled in.

Discord opens no modal in response to a modal.
https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import discord

from bot.domain.draft import Draft, FilledForm
from bot.domain.ports import DraftStore
from bot.interactions.components import build_button, build_button_view
from bot.interactions.custom_ids import CustomId
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.modals import read_modal_fields
from bot.interactions.responses import format_problems, respond_privately, respond_with_problems
from shared.problems import Problem, RejectedError, make_problem


@dataclass(frozen=True)
class RejectedForms:
    """Keeps the texts of rejected forms until they are opened again."""

    drafts: DraftStore

    async def explain(
        self, interaction: discord.Interaction, problems: Sequence[Problem], draft: Draft, reopen_id: CustomId
    ) -> None:
        """Show the problems of the submitted form to the user alone, with a button to open it again.

        The draft is kept, with the form, under the id of the interaction, which `reopen_id` names. Without a place to
        keep it there is no button.
        """
        form = read_filled_form(interaction, problems)
        try:
            async with limit_lookup_time(interaction):
                await self.drafts.save_draft(str(interaction.id), replace(draft, form=form))
        except RejectedError:
            await respond_with_problems(interaction, problems)
            return
        button = build_button(reopen_id, get_localized_messages(interaction).text("button.reopen_form"))
        await respond_privately(interaction, format_problems(interaction, problems), view=build_button_view(button))

    async def load_draft(self, interaction: discord.Interaction, draft_id: str) -> Draft:
        """Load the draft of the user's own form. Raises `RejectedError` (draft_expired)."""
        draft = await self.drafts.load_draft(draft_id)
        if draft is None or draft.user_id != interaction.user.id:
            raise RejectedError(make_problem("draft_expired"))
        return draft


def read_filled_form(interaction: discord.Interaction, problems: Sequence[Problem] = ()) -> FilledForm:
    """Read a submitted form with the problems that were found in it, to open it again."""
    fields = read_modal_fields(interaction)
    return FilledForm({name: fields.get_text(name) or "" for name in fields.values}, tuple(problems))
