"""What every button under an answer does, and every form that one opens, by the verb of its custom id."""

from collections.abc import Awaitable, Callable, Mapping

import discord

from bot.domain.ports import PreferencesStore
from bot.features.result_actions.cancel import CancelHandler
from bot.features.result_actions.delete import ConfirmDeleteHandler, DeleteHandler
from bot.features.result_actions.details import DetailsHandler
from bot.features.result_actions.edit import EditHandler
from bot.features.result_actions.favourite import FavouriteHandler
from bot.features.result_actions.metadata_run import MetadataRunHandler
from bot.features.result_actions.regenerate import RegenerateHandler, VaryHandler
from bot.features.result_actions.upscale import UpscaleHandler
from bot.interactions.components import CustomId
from bot.interactions.modals import ModalSubmission
from bot.queue.redis_queue import RedisJobQueue
from bot.results.lookup import ResultLookup
from bot.storage.favourites import SqlFavouriteStore
from bot.submission.submitter import JobSubmitter

ComponentHandlers = Mapping[str, Callable[[discord.Interaction, CustomId], Awaitable[None]]]
ModalHandlers = Mapping[str, Callable[[discord.Interaction, ModalSubmission], Awaitable[None]]]


def build_component_handlers(
    submitter: JobSubmitter,
    result_lookup: ResultLookup,
    preferences_store: PreferencesStore,
    favourites: SqlFavouriteStore,
    queue: RedisJobQueue,
) -> tuple[ComponentHandlers, ModalHandlers]:
    """Give the handlers of all presses and forms."""
    edit, on_result = (
        EditHandler(submitter, result_lookup, preferences_store),
        EditHandler(submitter, result_lookup, preferences_store, uses_result=True),
    )
    presses: ComponentHandlers = {
        "again": RegenerateHandler(submitter, result_lookup, preferences_store),
        "exact": RegenerateHandler(submitter, result_lookup, preferences_store, keeps_seed=True),
        "vary": VaryHandler(submitter, result_lookup, preferences_store),
        "edit": edit,
        "source": on_result,
        "upscale": UpscaleHandler(submitter, result_lookup, preferences_store),
        "details": DetailsHandler(submitter.catalogue, result_lookup),
        "run": MetadataRunHandler(submitter, result_lookup),
        "favourite": FavouriteHandler(favourites, result_lookup),
        "delete": DeleteHandler(result_lookup),
        "delete_yes": ConfirmDeleteHandler(result_lookup),
        "cancel": CancelHandler(result_lookup, queue),
    }
    return presses, {"edit": edit.handle_modal, "source": on_result.handle_modal}
