"""Custom ids of the feature's private messages and modals; those under results are in `bot.interactions`."""

from dataclasses import dataclass

from bot.interactions.custom_ids import DRAFT_ID, JOB_ID, MODEL, CustomId


@dataclass(frozen=True)
class RegenerateSameSeedId(CustomId, template=f"regenerate_same_seed:{JOB_ID}"):
    job_id: str


@dataclass(frozen=True)
class MetadataRunId(CustomId, template="metadata_run"):
    """Runs the request in the metadata of the picture that the message shows."""


@dataclass(frozen=True)
class UpscaleWithId(CustomId, template=f"upscale_with:{JOB_ID}:{MODEL}"):
    job_id: str
    model: str


@dataclass(frozen=True)
class FinishWithId(CustomId, template=f"finish_with:{JOB_ID}:{MODEL}"):
    job_id: str
    model: str


@dataclass(frozen=True)
class MenuFavouriteId(CustomId, template=f"menu_favourite:{JOB_ID}"):
    """Toggles the star in the menu of rarer actions."""

    job_id: str


@dataclass(frozen=True)
class MenuDeleteId(CustomId, template=f"menu_delete:{JOB_ID}"):
    """Asks for the confirmation in place of the menu."""

    job_id: str


@dataclass(frozen=True)
class ConfirmDeleteId(CustomId, template=f"delete_confirm:{JOB_ID}"):
    job_id: str


@dataclass(frozen=True)
class DeleteReasonId(CustomId, template=f"delete_reason:{JOB_ID}"):
    """The form in which a moderator gives the reason."""

    job_id: str


@dataclass(frozen=True)
class EditModalId(CustomId, template=f"edit_modal:{JOB_ID}"):
    job_id: str


@dataclass(frozen=True)
class UseAsSourceModalId(CustomId, template=f"use_as_source_modal:{JOB_ID}"):
    job_id: str


@dataclass(frozen=True)
class ReopenEditId(CustomId, template=f"edit_reopen:{JOB_ID}:{DRAFT_ID}"):
    job_id: str
    draft_id: str


@dataclass(frozen=True)
class ReopenUseAsSourceId(CustomId, template=f"use_as_source_reopen:{JOB_ID}:{DRAFT_ID}"):
    job_id: str
    draft_id: str
