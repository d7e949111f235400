"""The command `/imagine`: generates a picture from a prompt, with or without a picture to start from."""

from dataclasses import dataclass
from typing import Any, Final

import discord

from bot.interactions.responses import respond_with_problems
from bot.submission.option_parser import OptionParser
from bot.submission.submitter import JobSubmitter
from bot.submission.syntax_question import SyntaxQuestion
from shared.problems import RejectedError

IMAGINE_OPTIONS: Final = (
    *("prompt", "image", "source", "spoiler", "preset", "model", "keep", "style_preset", "negative", "seed", "steps"),
    *("cfg_scale", "sampler", "aspect_ratio", "output_format", "fit", "init_image_mode", "step_schedule_start"),
    *("step_schedule_end", "clip_guidance_preset", "samples", "creativity", "extras"),
)


@dataclass(frozen=True)
class ImagineCommand:
    """Parses the options and submits the job."""

    option_parser: OptionParser
    submitter: JobSubmitter
    syntax_question: SyntaxQuestion

    async def generate_picture(
        self, interaction: discord.Interaction, *, spoiler: bool | None = None, **options: Any
    ) -> None:
        """Submit the job. Unexpected errors are raised, for the client to log and report."""
        try:
            parsed = await self.option_parser.parse_options(interaction, **options)
        except RejectedError as rejection:
            await respond_with_problems(interaction, rejection.problems)
            return
        details = parsed.details
        if spoiler is not None:
            details["is_spoiler"] = spoiler
        if parsed.unsupported is not None:
            await self.syntax_question.ask(interaction, parsed.unsupported, parsed.image, details)
            return
        await self.submitter.submit(interaction, parsed.request, parsed.image, **details)
