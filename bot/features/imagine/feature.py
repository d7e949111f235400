"""The commands and handlers that the feature adds to the bot."""

from datetime import date

from bot.discord_client.feature import Feature
from bot.domain.ports import DraftStore
from bot.features.imagine.command import IMAGINE_OPTIONS, ImagineCommand
from bot.submission.command_options import build_generation_command
from bot.submission.option_parser import OptionParser
from bot.submission.submitter import JobSubmitter
from bot.submission.syntax_question import SyntaxQuestion
from shared.catalogue import Catalogue


def build_imagine_feature(
    option_parser: OptionParser, submitter: JobSubmitter, drafts: DraftStore, catalogue: Catalogue, today: date
) -> Feature:
    """Build `/imagine`. Models that are retired `today` are labelled so."""
    handler = ImagineCommand(option_parser, submitter, SyntaxQuestion(drafts))
    command = build_generation_command(
        "imagine",
        IMAGINE_OPTIONS,
        handler.generate_picture,
        catalogue,
        today,
        autocomplete=option_parser.get_autocomplete_callbacks(),
    )
    return Feature(commands=[command])
