"""The handlers of boards, sheets and items."""

from collections.abc import Sequence
from typing import Any

from bot.batches.custom_ids import (
    AcceptItemId,
    AcceptItemsId,
    AcceptSheetId,
    CancelRestId,
    ConfirmCancelRestId,
    ConfirmRetryId,
    ExportBatchId,
    OpenExportId,
    OpenItemId,
    PauseBatchId,
    RedoFormId,
    RedoItemId,
    RejectFormId,
    RejectItemId,
    RejectItemsId,
    ReopenRedoId,
    ResumeBatchId,
    RetryFailedId,
    RunAgainId,
    ShowItemId,
    ShowUndecidedId,
)
from bot.domain.ports import DraftStore
from bot.features.batches.board import BoardHandlers
from bot.features.batches.cancellation import BatchCancellation
from bot.features.batches.export import ExportHandlers
from bot.features.batches.redo import RedoHandlers
from bot.features.batches.rerun import RerunHandlers
from bot.features.batches.review import ReviewHandlers
from bot.features.batches.rights import BatchRights
from bot.interactions.rejected_forms import RejectedForms
from bot.interactions.routing import Route
from bot.results.lookup import ResultLookup
from bot.storage.batches import SqlBatchStore
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue


def build_board_routes(
    store: SqlBatchStore,
    rights: BatchRights,
    cancellation: BatchCancellation,
    validator: RequestValidator,
    drafts: DraftStore,
    result_lookup: ResultLookup,
    export: ExportHandlers,
    rerun: RerunHandlers,
    catalogue: Catalogue,
) -> Sequence[Route[Any]]:
    """Build the routes of the buttons, selects and forms below the messages of batches."""
    board = BoardHandlers(store, rights, cancellation, catalogue)
    review = ReviewHandlers(store, rights, result_lookup, catalogue)
    redo = RedoHandlers(store, rights, validator, RejectedForms(drafts), catalogue)
    return [
        Route(PauseBatchId, board.pause),
        Route(ResumeBatchId, board.resume),
        Route(CancelRestId, board.ask_to_cancel),
        Route(ConfirmCancelRestId, board.cancel_rest),
        Route(RetryFailedId, board.ask_to_retry),
        Route(ConfirmRetryId, board.retry_failed),
        Route(OpenExportId, export.open_panel),
        Route(ExportBatchId, export.export),
        Route(RunAgainId, rerun.run_again),
        Route(OpenItemId, review.open_item),
        Route(ShowUndecidedId, review.show_undecided),
        Route(ShowItemId, review.show_item),
        Route(AcceptItemId, review.accept_item),
        Route(RejectItemId, review.open_reject_form),
        Route(RejectFormId, review.reject_item),
        Route(AcceptItemsId, review.accept_selected),
        Route(RejectItemsId, review.reject_selected),
        Route(AcceptSheetId, review.accept_sheet),
        Route(RedoItemId, redo.open_form),
        Route(RedoFormId, redo.submit_form),
        Route(ReopenRedoId, redo.reopen_form),
    ]
