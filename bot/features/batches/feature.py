"""The commands and handlers that the feature adds to the bot."""

from bot.discord_client.command_builder import build_command, build_guild_group
from bot.discord_client.feature import Feature
from bot.features.batches.access import BatchReader
from bot.features.batches.overview import OverviewCommands


def build_batches_feature(store: BatchReader) -> Feature:
    """Build `/batch`, for servers only, and the handlers of its panels and of the messages of batches."""
    overview = OverviewCommands(store)
    group = build_guild_group("batch", (build_command("batch.list", overview.show_list),))
    return Feature(commands=[group], routes=[])
