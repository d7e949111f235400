"""The commands and handlers that the feature adds to the bot."""

from bot.discord_client.command_builder import build_command, build_guild_group
from bot.discord_client.feature import Feature
from bot.domain.ports import DraftStore
from bot.features.batches.board_routes import build_board_routes
from bot.features.batches.overview import OverviewCommands
from bot.results.lookup import ResultLookup
from bot.storage.batches import SqlBatchStore
from bot.storage.teams import SqlTeamStore
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue


def build_batches_feature(
    store: SqlBatchStore,
    teams: SqlTeamStore,
    validator: RequestValidator,
    drafts: DraftStore,
    result_lookup: ResultLookup,
    catalogue: Catalogue,
) -> Feature:
    """Build `/batch`, for servers only, and the handlers of its panels and of the messages of batches."""
    overview = OverviewCommands(store)
    group = build_guild_group("batch", (build_command("batch.list", overview.show_list),))
    return Feature(
        commands=[group], routes=build_board_routes(store, teams, validator, drafts, result_lookup, catalogue)
    )
