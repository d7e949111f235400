"""The custom ids of forms and previews, which only the requester of a batch sees.

Those that spend name the version of the batch that was shown: another one is not started unseen.
"""

from dataclasses import dataclass

from bot.batches.custom_ids import BATCH_ID, VERSION
from bot.interactions.custom_ids import DRAFT_ID, CustomId


@dataclass(frozen=True)
class BatchFormId(CustomId, template=f"batch_form:{DRAFT_ID}"):
    """The form that sends a batch in, with the pictures of a draft."""

    draft_id: str


@dataclass(frozen=True)
class StartBatchId(CustomId, template=rf"batch_start:{BATCH_ID}:{VERSION}:(?P<limit>\d{{1,3}})"):
    """Starts a batch, or asks for its approval: the first `limit` items alone, or all of them if that is 0."""

    batch_id: str
    version: int
    limit: int


@dataclass(frozen=True)
class EditBriefId(CustomId, template=f"batch_brief:{BATCH_ID}"):
    """Opens the form of the brief."""

    batch_id: str


@dataclass(frozen=True)
class BriefFormId(CustomId, template=f"batch_brief_form:{BATCH_ID}"):
    batch_id: str


@dataclass(frozen=True)
class SetPriorityId(CustomId, template=rf"batch_priority:{BATCH_ID}:(?P<is_low>[01])"):
    """Gives a batch the low priority, or the normal one."""

    batch_id: str
    is_low: int


@dataclass(frozen=True)
class SetPingsId(CustomId, template=rf"batch_pings:{BATCH_ID}:(?P<pings>[01])"):
    """Asks for a ping at the end, or for none."""

    batch_id: str
    pings: int


@dataclass(frozen=True)
class SendAgainId(CustomId, template=f"batch_again_form:{BATCH_ID}"):
    """Opens the form that sends the files of a batch again."""

    batch_id: str


@dataclass(frozen=True)
class SendAgainFormId(CustomId, template=f"batch_again_files:{BATCH_ID}"):
    batch_id: str


@dataclass(frozen=True)
class DiscardBatchId(CustomId, template=f"batch_discard:{BATCH_ID}"):
    """Deletes a batch that was not started."""

    batch_id: str


@dataclass(frozen=True)
class PreviewPageId(CustomId, template=rf"batch_preview:{BATCH_ID}:(?P<page>\d{{1,3}})"):
    """Shows a page of the pictures from which the items start."""

    batch_id: str
    page: int
