"""The command `/imagine`: generates pictures from a prompt, with or without a picture to start from."""

from dataclasses import dataclass
from typing import Any, Final

import discord

from bot.domain.ports import JobHistory
from bot.explorations.several import PictureSubmitter, get_preferred_count
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.responses import respond_with_problems
from bot.submission.option_parser import OptionParser, ParsedOptions
from bot.submission.syntax_question import SyntaxQuestion
from shared.notes import Note, make_note
from shared.problems import RejectedError

IMAGINE_OPTIONS: Final = (
    *("prompt", "image", "count", "source", "keep", "negative", "style_preset", "aspect_ratio", "model", "preset"),
    *("seed", "fit", "output_format", "spoiler", "steps", "cfg_scale", "sampler", "clip_guidance_preset", "creativity"),
    *("init_image_mode", "step_schedule_start", "step_schedule_end", "samples", "extras"),
)
"""All options that a model of the catalogue may have."""

SDXL_OPTIONS: Final = tuple(name for name in IMAGINE_OPTIONS if name != "model")
EXTRAS_OPTION: Final = "extras"


@dataclass(frozen=True)
class ImagineCommand:
    """Parses the options and submits the job, or several jobs that share a message."""

    option_parser: OptionParser
    pictures: PictureSubmitter
    syntax_question: SyntaxQuestion
    job_history: JobHistory

    async def generate_pictures(
        self,
        interaction: discord.Interaction,
        *,
        count: int | None = None,
        spoiler: bool | None = None,
        **options: Any,
    ) -> None:
        """Submit the jobs. Unexpected errors are raised, for the client to log and report."""
        try:
            parsed = await self.option_parser.parse_options(interaction, count=count, **options)
        except RejectedError as rejection:
            await respond_with_problems(interaction, rejection.problems)
            return
        details = parsed.details
        if spoiler is not None:
            details["is_spoiler"] = spoiler
        details["notes"] = (*parsed.notes, *await self._find_hints(interaction, parsed))
        preferred = get_preferred_count(interaction)
        if parsed.unsupported is not None:
            await self.syntax_question.ask(
                interaction,
                parsed.unsupported,
                parsed.image,
                details,
                count=parsed.count or preferred,
                literal_count=count or preferred,
            )
            return
        await self.pictures.submit(interaction, parsed.request, parsed.image, parsed.count or preferred, details)

    async def _find_hints(self, interaction: discord.Interaction, parsed: ParsedOptions) -> tuple[Note, ...]:
        """Find what is new to a person: “keep”, at their first request with a picture that leaves it out."""
        model = self.option_parser.validator.catalogue.models[parsed.request.model]
        if parsed.image is None or parsed.request.keep is not None or "keep" not in model.fields:
            return ()
        try:
            async with limit_lookup_time(interaction):
                is_first = not await self.job_history.has_result(interaction.user.id)
        except RejectedError:
            return ()
        return (make_note("first_keep"),) if is_first else ()
