"""The commands and handlers that the feature adds to the bot."""

from datetime import date

from discord import app_commands

from bot.discord_client.feature import Feature
from bot.domain.ports import DraftStore
from bot.explorations.several import PictureSubmitter
from bot.features.imagine.command import IMAGINE_OPTIONS, ImagineCommand
from bot.submission.command_options import Option, build_generation_command
from bot.submission.option_parser import OptionParser
from bot.submission.syntax_question import SyntaxQuestion
from shared.catalogue import Catalogue
from shared.request.model import MAX_COUNT


def build_imagine_feature(
    option_parser: OptionParser, pictures: PictureSubmitter, drafts: DraftStore, catalogue: Catalogue, today: date
) -> Feature:
    """Build `/imagine`. Models that are retired `today` are labelled so."""
    handler = ImagineCommand(option_parser, pictures, SyntaxQuestion(drafts))
    command = build_generation_command(
        "imagine",
        IMAGINE_OPTIONS,
        handler.generate_pictures,
        catalogue,
        today,
        own_options={"count": Option(app_commands.Range[int, 1, MAX_COUNT] | None)},
        autocomplete=option_parser.get_autocomplete_callbacks(),
    )
    return Feature(commands=[command])
