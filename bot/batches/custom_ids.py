"""The custom ids of the buttons and selects of boards, sheets and items. They name a batch, never its state."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.interactions.custom_ids import DRAFT_ID, CustomId

BATCH_ID: Final = r"(?P<batch_id>\d{1,20})"
VERSION: Final = r"(?P<version>\d{1,6})"
SHEET: Final = r"(?P<sheet>\d{1,3})"
NUMBER: Final = r"(?P<number>\d{1,3})"
ATTEMPT: Final = r"(?P<attempt>\d{1,4})"


class ExportScope(StrEnum):
    """Which pictures of a batch are exported: those that reviewers accepted, or every one."""

    ACCEPTED = "accepted"
    ALL = "all"


class ExportPlace(StrEnum):
    """Where an export is sent: to the person who asks for it alone, or into the thread of the batch."""

    PRIVATE = "private"
    THREAD = "thread"


@dataclass(frozen=True)
class PauseBatchId(CustomId, template=f"batch_pause:{BATCH_ID}"):
    batch_id: str


@dataclass(frozen=True)
class ResumeBatchId(CustomId, template=f"batch_resume:{BATCH_ID}"):
    batch_id: str


@dataclass(frozen=True)
class CancelRestId(CustomId, template=f"batch_cancel_rest:{BATCH_ID}"):
    """Asks whether to cancel the items that have not begun."""

    batch_id: str


@dataclass(frozen=True)
class ConfirmCancelRestId(CustomId, template=f"batch_cancel_rest_now:{BATCH_ID}"):
    """Cancels the items that have not begun."""

    batch_id: str


@dataclass(frozen=True)
class RetryFailedId(CustomId, template=f"batch_retry:{BATCH_ID}"):
    """Tells the price of another try of the items that failed."""

    batch_id: str


@dataclass(frozen=True)
class ConfirmRetryId(CustomId, template=rf"batch_retry_now:{BATCH_ID}:(?P<price>\d{{1,12}})"):
    """Tries them again, at the price that was told, in millionths of a dollar."""

    batch_id: str
    price: int


@dataclass(frozen=True)
class OpenExportId(CustomId, template=f"batch_export:{BATCH_ID}"):
    """Asks which pictures to export, and where to."""

    batch_id: str


@dataclass(frozen=True)
class ExportBatchId(
    CustomId, template=f"batch_export_now:{BATCH_ID}:(?P<scope>accepted|all):(?P<place>private|thread)"
):
    batch_id: str
    scope: ExportScope
    place: ExportPlace


@dataclass(frozen=True)
class RunAgainId(CustomId, template=f"batch_again:{BATCH_ID}"):
    """Opens a draft of the same batch."""

    batch_id: str


@dataclass(frozen=True)
class ShowUndecidedId(CustomId, template=f"batch_undecided:{BATCH_ID}"):
    """Shows the first picture that waits for a decision."""

    batch_id: str


@dataclass(frozen=True)
class OpenItemId(CustomId, template=f"batch_open:{BATCH_ID}:{SHEET}"):
    """The select of a sheet that opens an item."""

    batch_id: str
    sheet: int


@dataclass(frozen=True)
class AcceptItemsId(CustomId, template=f"batch_accept:{BATCH_ID}:{SHEET}"):
    """The select of a sheet that accepts items."""

    batch_id: str
    sheet: int


@dataclass(frozen=True)
class RejectItemsId(CustomId, template=f"batch_reject:{BATCH_ID}:{SHEET}"):
    """The select of a sheet that rejects items."""

    batch_id: str
    sheet: int


@dataclass(frozen=True)
class AcceptSheetId(CustomId, template=f"batch_accept_all:{BATCH_ID}:{SHEET}"):
    """Accepts every picture of a sheet that waits for a decision."""

    batch_id: str
    sheet: int


@dataclass(frozen=True)
class ShowItemId(CustomId, template=f"batch_item:{BATCH_ID}:{NUMBER}"):
    """Shows an item in place of the one that is shown."""

    batch_id: str
    number: int


@dataclass(frozen=True)
class AcceptItemId(CustomId, template=f"batch_item_accept:{BATCH_ID}:{NUMBER}:{ATTEMPT}"):
    """Accepts the picture of an attempt."""

    batch_id: str
    number: int
    attempt: int


@dataclass(frozen=True)
class RejectItemId(CustomId, template=f"batch_item_reject:{BATCH_ID}:{NUMBER}:{ATTEMPT}"):
    """Opens the form that rejects the picture of an attempt."""

    batch_id: str
    number: int
    attempt: int


@dataclass(frozen=True)
class RejectFormId(CustomId, template=f"batch_item_reject_form:{BATCH_ID}:{NUMBER}:{ATTEMPT}"):
    batch_id: str
    number: int
    attempt: int


@dataclass(frozen=True)
class RedoItemId(CustomId, template=f"batch_item_redo:{BATCH_ID}:{NUMBER}:{ATTEMPT}"):
    """Opens the form that has an item made again."""

    batch_id: str
    number: int
    attempt: int


@dataclass(frozen=True)
class RedoFormId(CustomId, template=f"batch_item_redo_form:{BATCH_ID}:{NUMBER}:{ATTEMPT}"):
    batch_id: str
    number: int
    attempt: int


@dataclass(frozen=True)
class ReopenRedoId(CustomId, template=f"batch_item_redo_again:{BATCH_ID}:{NUMBER}:{ATTEMPT}:{DRAFT_ID}"):
    """Opens that form as it was filled in when it was rejected."""

    batch_id: str
    number: int
    attempt: int
    draft_id: str
