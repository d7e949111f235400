"""Submits a request for one picture or for several, which differ by their seeds alone."""

import random
from dataclasses import dataclass, field
from functools import partial

import discord

from bot.domain.exploration import ExplorationPlan, Variation
from bot.domain.images import RemoteImage, StoredImage
from bot.explorations.confirmation import ExplorationConfirmation
from bot.explorations.starter import ExplorationStarter, format_start
from bot.explorations.view import build_note_view
from bot.interactions.custom_ids import CustomId
from bot.interactions.locale import get_guild_settings, get_preferences
from bot.interactions.responses import RenderedMessage, respond_with, update_message
from bot.submission.job_queuer import JobDetails
from bot.submission.submitter import JobSubmitter
from shared.catalogue import Catalogue, Model
from shared.request.builder import pick_seeds
from shared.request.model import MAX_COUNT, Request


@dataclass(frozen=True)
class PictureSubmitter:
    """Submits a request for one picture, or for several: with their price first in a server that wants that."""

    submitter: JobSubmitter
    starter: ExplorationStarter
    confirmation: ExplorationConfirmation
    catalogue: Catalogue
    rng: random.Random = field(default_factory=random.SystemRandom)

    async def submit(
        self,
        interaction: discord.Interaction,
        request: Request,
        image: RemoteImage | StoredImage | None,
        count: int,
        details: JobDetails,
    ) -> None:
        """Respond to an interaction that has no response yet, and submit the request for `count` pictures."""
        if count == 1:
            await self.submitter.submit(interaction, request, image, **details)
            return
        request, details = self.submitter.apply_team(interaction, request, details)
        plan = plan_seeds(request, self.catalogue.models[request.model], count, self.rng)
        if get_guild_settings(interaction).asks_price:
            await respond_with(
                interaction, partial(self.confirmation.render_question, interaction, plan, image, details)
            )
        else:
            await self.starter.start_in_response(interaction, plan, image, details)

    async def submit_choice(
        self,
        interaction: discord.Interaction,
        choice: CustomId,
        choice_id: str,
        request: Request,
        image: RemoteImage | StoredImage | None,
        count: int,
        details: JobDetails,
    ) -> None:
        """Submit the request of a choice for `count` pictures, once, and remove the buttons of the choice.

        `choice_id` is the number of the interaction that asked.
        """
        if count == 1:
            await self.submitter.submit_choice(interaction, choice, request, image, **details)
            return
        request, details = self.submitter.apply_team(interaction, request, details)
        plan = plan_seeds(request, self.catalogue.models[request.model], count, self.rng)
        if get_guild_settings(interaction).asks_price:
            render = partial(self.confirmation.render_question, interaction, plan, image, details)
        else:
            render = partial(self._start, interaction, choice_id, plan, image, details)
        await update_message(interaction, render)

    async def _start(
        self,
        interaction: discord.Interaction,
        exploration_id: str,
        plan: ExplorationPlan,
        image: RemoteImage | StoredImage | None,
        details: JobDetails,
    ) -> RenderedMessage:
        started = await self.starter.start_in_message(interaction, exploration_id, plan, image, details)
        return RenderedMessage(build_note_view(format_start(interaction, started)))


def get_preferred_count(interaction: discord.Interaction) -> int:
    """Get the number of pictures that the user prefers."""
    return min(max(int(get_preferences(interaction).options.get("count", 1)), 1), MAX_COUNT)


def plan_seeds(request: Request, model: Model, count: int, rng: random.Random) -> ExplorationPlan:
    """Plan `count` pictures of a request. The first has the request's own seed, if any, the others random ones."""
    return ExplorationPlan(
        Variation.SEEDS,
        tuple(request.model_copy(update={"seed": seed}) for seed in pick_seeds(request, model, count, rng)),
    )
