"""The question whether to start an exploration, with its price. The plan is kept as a draft until then."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import discord
from discord import ui

from bot.domain.exploration import ExplorationPlan
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.ports import DraftStore
from bot.explorations.buttons import DiscardExplorationId, StartExplorationId, build_confirmation_rows
from bot.explorations.starter import ExplorationStarter, StartedExploration, format_start
from bot.explorations.view import build_confirmation_view, build_note_view
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, update_message
from bot.rendering.outcome_views import build_job_notes
from bot.storage.explorations import SqlExplorationStore
from bot.submission.drafts import DraftImageLoader, build_draft, read_details
from bot.submission.job_queuer import JobDetails
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class ExplorationConfirmation:
    """Asks before an exploration is started, and starts it once."""

    starter: ExplorationStarter
    drafts: DraftStore
    explorations: SqlExplorationStore
    draft_images: DraftImageLoader
    catalogue: Catalogue

    async def render_question(
        self,
        interaction: discord.Interaction,
        plan: ExplorationPlan,
        image: RemoteImage | StoredImage | None,
        details: JobDetails,
        warnings: Iterable[ui.TextDisplay[Any]] = (),
    ) -> RenderedMessage:
        """Keep the plan, and show its variants and its price below the warnings. Raises `RejectedError`."""
        await self.starter.submitter.validator.validate_requests(interaction, image, *plan.requests)
        notes = tuple(details.get("notes", ()))
        draft = replace(build_draft(interaction, image, details), plan=plan, notes=notes)
        draft_id = str(interaction.id)
        await self.drafts.save_plan(
            draft_id, draft, channel_id=interaction.channel_id or 0, guild_id=interaction.guild_id or 0
        )
        messages = get_localized_messages(interaction)
        rows = build_confirmation_rows(draft_id, messages)
        texts = (*warnings, *build_job_notes(notes, messages))
        return RenderedMessage(build_confirmation_view(plan, self.catalogue, messages, rows, texts))

    async def start_exploration(self, interaction: discord.Interaction, custom_id: StartExplorationId) -> None:
        """Start the planned exploration, once however often it is confirmed, and link to its message."""
        await update_message(interaction, partial(self._start_once, interaction, custom_id.draft_id))

    async def discard_plan(self, interaction: discord.Interaction, custom_id: DiscardExplorationId) -> None:
        """Say that nothing was started."""
        del custom_id

        async def render_discarded() -> RenderedMessage:
            return RenderedMessage(build_note_view(get_localized_messages(interaction).text("explore.stopped")))

        await update_message(interaction, render_discarded)

    async def _start_once(self, interaction: discord.Interaction, draft_id: str) -> RenderedMessage:
        exploration = await self.explorations.find_exploration(draft_id)
        if exploration is None:
            draft = await self.drafts.load_draft(draft_id)
            if draft is None or draft.plan is None or draft.user_id != interaction.user.id:
                raise RejectedError(make_problem("exploration_expired"))
            details = read_details(draft, draft.notes)
            image = await self.draft_images.load_image(interaction, draft)
            started = await self.starter.start_in_message(interaction, draft_id, draft.plan, image, details)
        elif exploration.requester.id != interaction.user.id:
            raise RejectedError(make_problem("exploration_expired"))
        else:
            if exploration.is_rejected:
                raise RejectedError(make_problem("choice_used"))
            started = StartedExploration(exploration)
        return RenderedMessage(build_note_view(format_start(interaction, started)))
