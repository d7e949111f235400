"""The commands and handlers that the feature adds to the bot."""

from bot.discord_client.command_builder import build_command
from bot.discord_client.feature import Feature
from bot.domain.ports import JobSearch
from bot.features.export.command import ExportCommand
from bot.features.export.view import ContinueExportId
from bot.interactions.access import Access
from bot.interactions.routing import Route
from bot.results.images import ResultImageLoader


def build_export_feature(job_search: JobSearch, image_loader: ResultImageLoader) -> Feature:
    """Build `/export` and the handler of the button that continues an export."""
    command = ExportCommand(job_search, image_loader)
    return Feature(
        commands=[build_command("export", command.start_export)],
        routes=[Route(ContinueExportId, command.continue_export)],
        access=Access.ALWAYS,
    )
