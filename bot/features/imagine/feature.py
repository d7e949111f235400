"""The commands and handlers that the feature adds to the bot."""

from collections.abc import Iterator
from functools import partial

from discord import app_commands

from bot.discord_client.command_builder import Command
from bot.discord_client.feature import Feature
from bot.domain.ports import DraftStore, JobHistory
from bot.explorations.several import PictureSubmitter
from bot.features.imagine.command import EXTRAS_OPTION, IMAGINE_OPTIONS, SDXL_OPTIONS, ImagineCommand
from bot.submission.command_options import Option, build_generation_command
from bot.submission.option_parser import OptionParser
from bot.submission.syntax_question import SyntaxQuestion
from shared.catalogue import Catalogue
from shared.request.model import MAX_COUNT


def build_imagine_feature(
    option_parser: OptionParser,
    pictures: PictureSubmitter,
    drafts: DraftStore,
    job_history: JobHistory,
    catalogue: Catalogue,
) -> Feature:
    """Build `/imagine` and, if a model with the fields of SDXL 1.0 is on offer, `/sdxl`.

    Both have the options that their models read; `extras` only if the operator lets anybody use it.
    """
    handler = ImagineCommand(option_parser, pictures, SyntaxQuestion(drafts), job_history)
    return Feature(commands=list(_build_commands(handler, catalogue)))


def _build_commands(handler: ImagineCommand, catalogue: Catalogue) -> Iterator[Command]:
    build = partial(
        build_generation_command,
        catalogue=catalogue,
        own_options={"count": Option(app_commands.Range[int, 1, MAX_COUNT] | None)},
        autocomplete=handler.option_parser.get_autocomplete_callbacks(),
    )
    hidden = set() if handler.option_parser.extras_allowed_users else {EXTRAS_OPTION}
    options = [name for name in IMAGINE_OPTIONS if name not in hidden]
    yield build("imagine", options, handler.generate_pictures)
    for model in catalogue.models_for_task("generate"):
        if model.command == "sdxl":
            sdxl_options = [name for name in SDXL_OPTIONS if name not in hidden]
            yield build("sdxl", sdxl_options, partial(handler.generate_pictures, model=model.key), models=[model])
            return
