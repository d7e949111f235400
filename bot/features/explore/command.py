"""The command `/explore`: shows the variants and the price of an exploration."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import discord

from bot.domain.exploration import Variation
from bot.explorations.confirmation import ExplorationConfirmation
from bot.features.explore.plan import DEFAULT_VARIANTS, plan_exploration
from bot.interactions.locale import get_localized_messages
from bot.interactions.offers import get_offered_catalogue
from bot.interactions.responses import RenderedMessage, respond_with
from bot.submission.option_parser import OptionParser
from bot.submission.syntax_question import build_problem_texts
from shared.catalogue import Catalogue

EXPLORE_OPTIONS: Final = (
    *(
        "variation",
        "prompt",
        "image",
        "source",
        "variant_count",
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
    """Plans an exploration, which starts once it is confirmed."""

    option_parser: OptionParser
    confirmation: ExplorationConfirmation
    catalogue: Catalogue
    get_today: Callable[[], date]
    rng: random.Random = field(default_factory=random.SystemRandom)

    async def ask_for_confirmation(
        self,
        interaction: discord.Interaction,
        *,
        variation: str,
        variant_count: int | None = None,
        values: str | None = None,
        **options: Any,
    ) -> None:
        """Show the planned variants and their price privately."""

        async def render_plan() -> RenderedMessage:
            parsed = await self.option_parser.parse_options(interaction, **options)
            plan = plan_exploration(
                Variation(variation),
                parsed.request,
                get_offered_catalogue(interaction, self.catalogue),
                get_localized_messages(interaction),
                count=variant_count or DEFAULT_VARIANTS,
                values_text=values or "",
                today=self.get_today(),
                rng=self.rng,
            )
            problems = parsed.unsupported.problems if parsed.unsupported else ()
            warnings = build_problem_texts(problems, get_localized_messages(interaction))
            return await self.confirmation.render_question(interaction, plan, parsed.image, parsed.details, warnings)

        await respond_with(interaction, render_plan)
