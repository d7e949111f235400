"""The command `/imagine`: generates a picture from a prompt, with or without a picture to start from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import discord
from discord import app_commands

from bot.interactions.responses import respond_with_problems
from bot.submission.command_options import AutocompleteCallback, CommandHandler, build_generation_command
from bot.submission.option_parser import OptionParser
from bot.submission.submitter import JobSubmitter
from shared.catalogue import Catalogue
from shared.problems import RejectedError

IMAGINE_OPTIONS: Final = (
    *("prompt", "image", "source", "preset", "model", "keep", "style_preset", "negative", "seed", "steps", "cfg_scale"),
    *("sampler", "aspect_ratio", "output_format", "fit", "init_image_mode", "step_schedule_start", "step_schedule_end"),
    *("clip_guidance_preset", "samples", "creativity", "extras"),
)


def build_imagine_command(
    handler: CommandHandler, catalogue: Catalogue, today: date, autocompletes: Mapping[str, AutocompleteCallback]
) -> app_commands.Command[Any, ..., None]:
    """Build the command."""
    return build_generation_command("imagine", IMAGINE_OPTIONS, handler, catalogue, today, autocompletes=autocompletes)


@dataclass(frozen=True)
class ImagineCommand:
    """Parses the options and submits the job."""

    option_parser: OptionParser
    submitter: JobSubmitter

    async def __call__(self, interaction: discord.Interaction, **options: Any) -> None:
        """Answer the command. Unexpected errors are raised, for the client to log and report."""
        try:
            parsed = await self.option_parser.parse_options(interaction, **options)
        except RejectedError as rejection:
            await respond_with_problems(interaction, rejection.problems)
            return
        await self.submitter.submit(
            interaction, parsed.request, parsed.image, parent_id=parsed.parent_id, source_kind=parsed.source_kind
        )
