"""The commands and handlers that the feature adds to the bot."""

from collections.abc import Callable
from datetime import date

from discord import app_commands

from bot.discord_client.feature import Feature
from bot.discord_client.translator import localize_choice
from bot.domain.exploration import Variation
from bot.explorations.buttons import CancelExplorationId, DiscardExplorationId, StartExplorationId
from bot.explorations.cancel import CancelExplorationHandler
from bot.explorations.confirmation import ExplorationConfirmation
from bot.features.explore.command import EXPLORE_OPTIONS, ExploreCommand
from bot.features.explore.plan import MAX_VARIANTS, MIN_VARIANTS, VALUES_LIMIT
from bot.interactions.access import Access
from bot.interactions.routing import Route
from bot.queue.job_queue import RedisJobQueue
from bot.storage.moderation import SqlModerationStore
from bot.submission.command_options import Option, build_generation_command
from bot.submission.option_parser import OptionParser
from shared.catalogue import Catalogue
from shared.dates import get_today


def build_explore_feature(
    option_parser: OptionParser,
    confirmation: ExplorationConfirmation,
    queue: RedisJobQueue,
    moderation: SqlModerationStore,
    catalogue: Catalogue,
    get_today: Callable[[], date] = get_today,
) -> Feature:
    """Build `/explore` and the handlers of an exploration's buttons.

    A model that is retired on the date of `get_today` is among the variants only if it is named.
    """
    handler = ExploreCommand(option_parser, confirmation, catalogue, get_today)
    cancel_handler = CancelExplorationHandler(confirmation.explorations, queue, moderation)
    variations = {variation.value: localize_choice("variation", variation) for variation in Variation}
    own_options = {
        "variation": Option(str, variations, is_required=True),
        "variant_count": Option(app_commands.Range[int, MIN_VARIANTS, MAX_VARIANTS] | None),
        "values": Option(app_commands.Range[str, 1, VALUES_LIMIT] | None),
    }
    command = build_generation_command(
        "explore",
        EXPLORE_OPTIONS,
        handler.ask_for_confirmation,
        catalogue,
        own_options=own_options,
        autocomplete=option_parser.get_autocomplete_callbacks(),
    )
    return Feature(
        commands=[command],
        routes=[
            Route(StartExplorationId, confirmation.start_exploration),
            Route(DiscardExplorationId, confirmation.discard_plan, Access.ALWAYS),
            Route(CancelExplorationId, cancel_handler.cancel_variants, Access.ALWAYS),
        ],
    )
