"""The commands and handlers that the feature adds to the bot."""

from bot.discord_client.command_builder import build_command
from bot.discord_client.feature import Feature
from bot.domain.ports import ImageStore, JobHistory
from bot.features.lineage.command import LineageCommand
from bot.features.lineage.store import SqlLineageStore
from bot.interactions.access import Access
from bot.results.newest import NewestResultFinder
from bot.results.thumbnails import ThumbnailLoader
from bot.storage.session import Database
from shared.catalogue import Catalogue


def build_lineage_feature(
    job_history: JobHistory,
    newest_results: NewestResultFinder,
    image_store: ImageStore,
    database: Database,
    thumbnail_loader: ThumbnailLoader,
    catalogue: Catalogue,
) -> Feature:
    """Build `/lineage`."""
    command = LineageCommand(
        job_history, newest_results, image_store, SqlLineageStore(database), thumbnail_loader, catalogue
    )
    return Feature(commands=[build_command("lineage", command.show_lineage)], access=Access.VIEW)
