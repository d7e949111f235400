"""`/explore`: one request several times with one thing that differs; what it costs is shown first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import discord

from bot.domain.draft import Draft
from bot.domain.exploration import Exploration, ExplorationPlan, Variation
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.ports import DraftStore, JobHistory
from bot.features.explore.message import render_exploration
from bot.features.explore.plan import DEFAULT_VARIANTS, plan_exploration
from bot.features.explore.store import SqlExplorationStore
from bot.features.explore.view import VariantState, build_confirmation_view, build_note_view
from bot.features.imagine.command import ImagineCommand
from bot.interactions.components import CustomId, build_plan_rows
from bot.interactions.deferred_responses import RenderedMessage, respond_with, update_message
from bot.interactions.locale import get_localized_messages
from bot.rendering.job_list import build_origin_link
from bot.submission.submitter import JobSubmitter, build_requester
from shared.job import Origin
from shared.problems import Problem, RejectedError, make_problem


@dataclass(frozen=True)
class ExploreCommand:
    """Asks whether to start, then starts. `imagine` reads the options, `drafts` keep what is planned meanwhile."""

    imagine: ImagineCommand
    drafts: DraftStore
    explorations: SqlExplorationStore
    job_history: JobHistory
    today: Callable[[], date]

    async def __call__(
        self,
        interaction: discord.Interaction,
        *,
        over: str,
        count: int | None = None,
        values: str | None = None,
        **options: Any,
    ) -> None:
        """Show the person alone what would run and what it costs."""

        async def asked() -> RenderedMessage:
            wanted = await self.imagine.parse_options(interaction, **options)
            phrases = get_localized_messages(interaction)
            plan = plan_exploration(
                Variation(over),
                wanted.request,
                self._submitter.catalogue,
                phrases,
                count=count or DEFAULT_VARIANTS,
                values_text=values or "",
                today=self.today(),
                rng=self._submitter.rng,
            )
            self._submitter.validate_requests(interaction, wanted.picture, *plan.requests)
            draft = Draft(
                user_id=interaction.user.id,
                images=(wanted.picture,) if isinstance(wanted.picture, RemoteImage) else (),
                parent_id=wanted.parent,
                plan=plan,
                source_sha256=wanted.picture.sha256 if isinstance(wanted.picture, StoredImage) else None,
                source_kind=wanted.source_kind,
            )
            await self.drafts.save_draft(str(interaction.id), draft)
            return RenderedMessage(
                build_confirmation_view(
                    plan, self._submitter.catalogue, phrases, build_plan_rows(str(interaction.id), phrases)
                )
            )

        await respond_with(interaction, asked)

    async def start_exploration(self, interaction: discord.Interaction, parsed_id: CustomId) -> None:
        """Start what was planned, once however often it is confirmed; the question becomes the way to its message."""
        await update_message(interaction, partial(self._start_once, interaction, parsed_id.job_id))

    async def discard_plan(self, interaction: discord.Interaction, parsed_id: CustomId) -> None:
        """Start nothing."""
        del parsed_id

        async def stopped() -> RenderedMessage:
            return RenderedMessage(build_note_view(get_localized_messages(interaction).text("explore.stopped")))

        await update_message(interaction, stopped)

    @property
    def _submitter(self) -> JobSubmitter:
        return self.imagine.submitter

    async def _start_once(self, interaction: discord.Interaction, draft_id: str) -> RenderedMessage:
        grid = await self.explorations.find_exploration(draft_id)
        if grid is None:
            draft = await self.drafts.load_draft(draft_id)
            if draft is None or draft.plan is None or draft.user_id != interaction.user.id:
                raise RejectedError(make_problem("explore_gone"))
            grid = await self._create_exploration(interaction, draft_id, draft, draft.plan)
        return RenderedMessage(
            build_note_view(
                get_localized_messages(interaction).text("explore.started", where=build_origin_link(grid.origin))
            )
        )

    async def _create_exploration(
        self, interaction: discord.Interaction, exploration_id: str, draft: Draft, plan: ExplorationPlan
    ) -> Exploration:
        picture = await self._load_source(draft)
        self._submitter.validate_requests(interaction, picture, *plan.requests)

        def grid_at(place: Origin) -> Exploration:
            return Exploration(exploration_id, plan, build_requester(interaction), self._submitter.clock(), place)

        blank = grid_at(
            Origin(guild_id=interaction.guild_id or 0, channel_id=interaction.channel_id or 0, message_id=0)
        )
        waiting = [VariantState.QUEUED for _ in plan.requests]
        view = render_exploration(blank, waiting, self._submitter.catalogue, has_contact_sheet=False)
        grid = grid_at(await self._submitter.post_message(interaction, exploration_id, view))
        if await self.explorations.add_exploration(grid):
            refused = await self._submit_variants(interaction, grid, picture, draft)
            if refused:
                await self.explorations.save_rejections(exploration_id, refused)
        return grid

    async def _submit_variants(
        self,
        interaction: discord.Interaction,
        exploration: Exploration,
        picture: RemoteImage | StoredImage | None,
        draft: Draft,
    ) -> dict[int, Problem]:
        """Take on the cells; tells why some were refused, by their numbers."""
        requests = dict(zip(exploration.variant_ids, exploration.plan.requests, strict=True))
        try:
            refused = await self._submitter.submit_many(
                interaction,
                requests,
                picture,
                exploration.origin,
                parent_id=draft.parent_id,
                source_kind=draft.source_kind,
            )
        except RejectedError as all_of_it:
            refused = dict.fromkeys(exploration.variant_ids, all_of_it.problems)
        return {place: refused[cell][0] for place, cell in enumerate(exploration.variant_ids, 1) if cell in refused}

    async def _load_source(self, draft: Draft) -> RemoteImage | StoredImage | None:
        if draft.source_sha256 is None:
            return next(iter(draft.images), None)
        kept = await self.job_history.load_source_image(draft.source_sha256)
        if kept is None:
            raise RejectedError(make_problem("source_gone"))
        return kept
