"""The command `/explore`: shows the variants and the price of an exploration, and starts it once it is confirmed."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, Final

import discord

from bot.domain.draft import Draft
from bot.domain.exploration import Exploration, ExplorationPlan, Variation
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.ports import DraftStore, ImageStore
from bot.explorations.buttons import DiscardExplorationId, StartExplorationId, build_confirmation_rows
from bot.explorations.message import render_exploration
from bot.explorations.view import VariantState, build_confirmation_view, build_note_view
from bot.features.explore.plan import DEFAULT_VARIANTS, plan_exploration
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with, update_message
from bot.rendering.job_list import build_origin_link
from bot.rendering.outcome_views import build_job_notes
from bot.storage.explorations import SqlExplorationStore
from bot.submission.acknowledgement import post_message
from bot.submission.option_parser import OptionParser
from bot.submission.submitter import JobSubmitter, build_requester
from bot.submission.syntax_question import build_problem_texts
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue
from shared.job import Origin
from shared.problems import Problem, RejectedError, make_problem

EXPLORE_OPTIONS: Final = (
    *(
        "variation",
        "prompt",
        "image",
        "source",
        "count",
        "values",
        "preset",
        "model",
        "keep",
        "style_preset",
        "negative",
    ),
    *("seed", "steps", "cfg_scale", "aspect_ratio", "fit"),
)


@dataclass(frozen=True)
class ExploreCommand:
    """Plans an exploration, and starts it once it is confirmed. The plan is kept as a draft until then.

    `clock` gives Unix seconds.
    """

    option_parser: OptionParser
    validator: RequestValidator
    submitter: JobSubmitter
    drafts: DraftStore
    explorations: SqlExplorationStore
    image_store: ImageStore
    catalogue: Catalogue
    get_today: Callable[[], date]
    rng: random.Random = field(default_factory=random.SystemRandom)
    clock: Callable[[], float] = time.time

    async def ask_for_confirmation(
        self,
        interaction: discord.Interaction,
        *,
        variation: str,
        count: int | None = None,
        values: str | None = None,
        **options: Any,
    ) -> None:
        """Show the planned variants and their price privately."""

        async def render_plan() -> RenderedMessage:
            parsed = await self.option_parser.parse_options(interaction, **options)
            messages = get_localized_messages(interaction)
            plan = plan_exploration(
                Variation(variation),
                parsed.request,
                self.catalogue,
                messages,
                count=count or DEFAULT_VARIANTS,
                values_text=values or "",
                today=self.get_today(),
                rng=self.rng,
            )
            self.validator.validate_requests(interaction, parsed.image, *plan.requests)
            draft = Draft(
                user_id=interaction.user.id,
                images=(parsed.image,) if isinstance(parsed.image, RemoteImage) else (),
                parent_id=parsed.parent_id,
                plan=plan,
                source_sha256=parsed.image.sha256 if isinstance(parsed.image, StoredImage) else None,
                source_kind=parsed.source_kind,
                notes=parsed.notes,
                source_owner_id=parsed.source_owner_id,
                is_spoiler=parsed.is_spoiler,
            )
            await self.drafts.save_plan(
                str(interaction.id),
                draft,
                channel_id=interaction.channel_id or 0,
                guild_id=interaction.guild_id or 0,
            )
            rows = build_confirmation_rows(str(interaction.id), messages)
            problems = parsed.unsupported.problems if parsed.unsupported else ()
            warnings = (*build_problem_texts(problems, messages), *build_job_notes(parsed.notes, messages))
            return RenderedMessage(build_confirmation_view(plan, self.catalogue, messages, rows, warnings))

        await respond_with(interaction, render_plan)

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
            exploration = await self._create_exploration(interaction, draft_id, draft, draft.plan)
        elif exploration.requester.id != interaction.user.id:
            raise RejectedError(make_problem("exploration_expired"))
        link = build_origin_link(exploration.origin)
        return RenderedMessage(build_note_view(get_localized_messages(interaction).text("explore.started", where=link)))

    async def _create_exploration(
        self, interaction: discord.Interaction, exploration_id: str, draft: Draft, plan: ExplorationPlan
    ) -> Exploration:
        """Post the message, record the exploration and submit its variants."""
        image = await self._load_source(draft)
        self.validator.validate_requests(interaction, image, *plan.requests)

        def build_exploration(origin: Origin) -> Exploration:
            return Exploration(exploration_id, plan, build_requester(interaction), self.clock(), origin)

        preview = build_exploration(
            Origin(guild_id=interaction.guild_id or 0, channel_id=interaction.channel_id or 0, message_id=0)
        )
        states = [VariantState.QUEUED for _ in plan.requests]
        view = render_exploration(preview, states, self.catalogue, has_contact_sheet=False)
        exploration = build_exploration(await post_message(interaction, exploration_id, view))
        if await self.explorations.add_exploration(exploration):
            rejected = await self._submit_variants(interaction, exploration, image, draft)
            if rejected:
                await self.explorations.save_rejections(exploration_id, rejected)
        return exploration

    async def _submit_variants(
        self,
        interaction: discord.Interaction,
        exploration: Exploration,
        image: RemoteImage | StoredImage | None,
        draft: Draft,
    ) -> dict[int, Problem]:
        """Submit the variants. Returns the first problem of each rejected variant, by its number."""
        requests = dict(zip(exploration.variant_ids, exploration.plan.requests, strict=True))
        try:
            problems = await self.submitter.submit_many(
                interaction,
                requests,
                image,
                exploration.origin,
                parent_id=draft.parent_id,
                source_kind=draft.source_kind,
                notes=draft.notes,
                source_owner_id=draft.source_owner_id,
                is_spoiler=draft.is_spoiler,
            )
        except RejectedError as rejection:
            problems = dict.fromkeys(exploration.variant_ids, rejection.problems)
        return {
            number: problems[variant_id][0]
            for number, variant_id in enumerate(exploration.variant_ids, 1)
            if variant_id in problems
        }

    async def _load_source(self, draft: Draft) -> RemoteImage | StoredImage | None:
        if draft.source_sha256 is None:
            return next(iter(draft.images), None)
        image = await self.image_store.load_source_image(draft.source_sha256)
        if image is None:
            raise RejectedError(make_problem("source_expired"))
        return image
