"""The commands and handlers that the feature adds to the bot."""

from bot.discord_client.command_builder import build_message_command
from bot.discord_client.feature import Feature
from bot.domain.ports import DraftStore
from bot.explorations.several import PictureSubmitter
from bot.features.result_actions.custom_ids import (
    ConfirmDeleteId,
    DeleteReasonId,
    EditModalId,
    FinishWithId,
    MenuDeleteId,
    MenuFavouriteId,
    MetadataRunId,
    RegenerateSameSeedId,
    ReopenEditId,
    ReopenUseAsSourceId,
    UpscaleWithId,
    UseAsSourceModalId,
)
from bot.features.result_actions.delete import DeleteHandler
from bot.features.result_actions.details import DetailsHandler
from bot.features.result_actions.edit import EditHandler
from bot.features.result_actions.favourite import FavouriteHandler
from bot.features.result_actions.finish import FinishHandler
from bot.features.result_actions.metadata_run import MetadataRunHandler
from bot.features.result_actions.more import MoreHandler
from bot.features.result_actions.regenerate import RegenerateHandler
from bot.features.result_actions.upscale import UpscaleHandler
from bot.interactions.access import Access
from bot.interactions.rejected_forms import RejectedForms
from bot.interactions.result_buttons import (
    DeleteId,
    DetailsId,
    EditId,
    FavouriteId,
    FinishId,
    MoreId,
    RegenerateAllId,
    RegenerateId,
    RegenerateWithId,
    UpscaleAtOnceId,
    UpscaleId,
    UseAsSourceId,
    VaryId,
)
from bot.interactions.routing import Route
from bot.results.deletion import ResultDeletion
from bot.results.lookup import ResultLookup
from bot.results.reuse import ReuseRule
from bot.storage.favourites import SqlFavouriteStore
from bot.storage.gallery import SqlGalleryStore
from bot.submission.submitter import JobSubmitter
from bot.submission.syntax_question import SyntaxQuestion
from shared.catalogue import Catalogue


def build_result_actions_feature(
    submitter: JobSubmitter,
    result_lookup: ResultLookup,
    deletion: ResultDeletion,
    reuse_rule: ReuseRule,
    favourites: SqlFavouriteStore,
    gallery: SqlGalleryStore,
    drafts: DraftStore,
    pictures: PictureSubmitter,
    catalogue: Catalogue,
) -> Feature:
    """Build the handlers of the buttons under results."""
    regenerate = RegenerateHandler(submitter, result_lookup, reuse_rule, catalogue, pictures)
    edit = EditHandler(submitter, result_lookup, reuse_rule, catalogue, RejectedForms(drafts), SyntaxQuestion(drafts))
    upscale = UpscaleHandler(submitter, result_lookup, reuse_rule, catalogue)
    finish = FinishHandler(submitter, result_lookup, reuse_rule, catalogue)
    delete = DeleteHandler(deletion)
    more = MoreHandler(favourites, gallery, result_lookup, catalogue)
    return Feature(
        routes=[
            Route(RegenerateId, regenerate.regenerate),
            Route(RegenerateWithId, regenerate.regenerate_with_model),
            Route(RegenerateSameSeedId, regenerate.regenerate_with_same_seed),
            Route(RegenerateAllId, regenerate.regenerate_all),
            Route(VaryId, regenerate.vary),
            Route(EditId, edit.open_edit_modal),
            Route(EditModalId, edit.submit_edit),
            Route(ReopenEditId, edit.reopen_edit_modal),
            Route(UseAsSourceId, edit.open_source_modal),
            Route(UseAsSourceModalId, edit.submit_source),
            Route(ReopenUseAsSourceId, edit.reopen_source_modal),
            Route(UpscaleId, upscale.upscale),
            Route(UpscaleAtOnceId, upscale.upscale_at_once),
            Route(UpscaleWithId, upscale.upscale_with_model),
            Route(FinishId, finish.offer_models),
            Route(FinishWithId, finish.finish_with_model),
            Route(MetadataRunId, MetadataRunHandler(submitter, result_lookup, reuse_rule, catalogue).run_again),
            Route(MoreId, more.open_menu, Access.VIEW),
            Route(MenuFavouriteId, more.toggle_favourite, Access.VIEW),
            Route(MenuDeleteId, delete.ask_for_confirmation_in_menu, Access.ALWAYS),
            Route(FavouriteId, FavouriteHandler(favourites, result_lookup).toggle_favourite, Access.VIEW),
            Route(DeleteId, delete.ask_for_confirmation, Access.ALWAYS),
            Route(ConfirmDeleteId, delete.delete_result, Access.ALWAYS),
            Route(DeleteReasonId, delete.delete_with_reason, Access.ALWAYS),
        ],
    )


def build_details_feature(result_lookup: ResultLookup, catalogue: Catalogue) -> Feature:
    """Build the message command that shows details, and the handler of the button that does."""
    details = DetailsHandler(catalogue, result_lookup)
    return Feature(
        commands=[build_message_command("details", details.show_message_details)],
        routes=[Route(DetailsId, details.show_details)],
        access=Access.VIEW,
    )
