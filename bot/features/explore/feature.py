"""The commands and handlers that the feature adds to the bot."""

from collections.abc import Callable
from datetime import date

from discord import app_commands

from bot.discord_client.feature import Feature
from bot.discord_client.translator import localize_choice
from bot.domain.dates import get_today
from bot.domain.exploration import Variation
from bot.domain.ports import DraftStore, ImageStore
from bot.explorations.buttons import CancelExplorationId, DiscardExplorationId, StartExplorationId
from bot.explorations.cancel import CancelExplorationHandler
from bot.features.explore.command import EXPLORE_OPTIONS, ExploreCommand
from bot.features.explore.plan import MAX_VARIANTS, MIN_VARIANTS, VALUES_LIMIT
from bot.interactions.routing import Route
from bot.queue.job_queue import RedisJobQueue
from bot.storage.explorations import SqlExplorationStore
from bot.storage.session import Database
from bot.submission.command_options import Option, build_generation_command
from bot.submission.option_parser import OptionParser
from bot.submission.submitter import JobSubmitter
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue


def build_explore_feature(
    option_parser: OptionParser,
    validator: RequestValidator,
    submitter: JobSubmitter,
    drafts: DraftStore,
    database: Database,
    image_store: ImageStore,
    queue: RedisJobQueue,
    catalogue: Catalogue,
    get_today: Callable[[], date] = get_today,
) -> Feature:
    """Build `/explore` and the handlers of its buttons. Models that are retired today are labelled so."""
    explorations = SqlExplorationStore(database)
    handler = ExploreCommand(
        option_parser, validator, submitter, drafts, explorations, image_store, catalogue, get_today
    )
    cancel_handler = CancelExplorationHandler(explorations, queue)
    variations = {variation.value: localize_choice("variation", variation) for variation in Variation}
    own_options = {
        "variation": Option(str, variations, is_required=True),
        "count": Option(app_commands.Range[int, MIN_VARIANTS, MAX_VARIANTS] | None),
        "values": Option(app_commands.Range[str, 1, VALUES_LIMIT] | None),
    }
    command = build_generation_command(
        "explore",
        EXPLORE_OPTIONS,
        handler.ask_for_confirmation,
        catalogue,
        get_today(),
        own_options=own_options,
        autocomplete=option_parser.get_autocomplete_callbacks(),
    )
    return Feature(
        commands=[command],
        routes=[
            Route(StartExplorationId, handler.start_exploration),
            Route(DiscardExplorationId, handler.discard_plan),
            Route(CancelExplorationId, cancel_handler.cancel_variants),
        ],
    )
