"""The commands and handlers that the feature adds to the bot."""

from bot.discord_client.command_builder import build_command
from bot.discord_client.feature import Feature
from bot.domain.ports import JobHistory, JobSearch, JobStatusReader
from bot.features.history.command import HistoryCommand
from bot.features.history.custom_ids import FavouritesPageId, HistoryNextToId, HistoryPageId, ShowResultSelectId
from bot.features.history.show import ShowCommand
from bot.interactions.access import Access
from bot.interactions.result_buttons import ShowVariantId
from bot.interactions.routing import Route
from bot.queue.saved_searches import RedisSavedSearchStore
from bot.results.images import ResultImageLoader
from bot.results.thumbnails import ThumbnailLoader
from shared.catalogue import Catalogue


def build_history_feature(
    job_search: JobSearch,
    saved_searches: RedisSavedSearchStore,
    job_history: JobHistory,
    queue: JobStatusReader,
    image_loader: ResultImageLoader,
    thumbnail_loader: ThumbnailLoader,
    catalogue: Catalogue,
) -> Feature:
    """Build `/history`, `/favourites` and `/show` with the handlers of their buttons and selects."""
    history = HistoryCommand(job_search, saved_searches, thumbnail_loader, catalogue)
    show = ShowCommand(job_search, job_history, queue, image_loader, catalogue)
    return Feature(
        commands=[
            build_command("history", history.show_history, autocomplete={"model": history.autocomplete_model}),
            build_command("favourites", history.show_favourites),
            build_command("show", show.show_result, autocomplete={"job": show.autocomplete_job}),
        ],
        routes=[
            Route(HistoryPageId, history.turn_history_page),
            Route(FavouritesPageId, history.turn_favourites_page),
            Route(HistoryNextToId, history.turn_uncounted_page),
            Route(ShowResultSelectId, show.show_selected),
            Route(ShowVariantId, show.show_variant),
        ],
        access=Access.VIEW,
    )
