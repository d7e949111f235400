"""Custom ids of the feature's private messages and forms."""

from dataclasses import dataclass

from bot.interactions.custom_ids import DRAFT_ID, CustomId

_OPERATION = r"(?P<operation>[a-z]{1,16})"


@dataclass(frozen=True)
class StartEditId(CustomId, template=f"edit_start:{DRAFT_ID}"):
    """Submits the edit whose region or style the message shows."""

    draft_id: str


@dataclass(frozen=True)
class ChangeRegionId(CustomId, template=f"edit_region:{DRAFT_ID}"):
    """Opens the form for another region."""

    draft_id: str


@dataclass(frozen=True)
class RegionFormId(CustomId, template=f"edit_region_form:{DRAFT_ID}"):
    draft_id: str


@dataclass(frozen=True)
class ChooseEditId(CustomId, template=f"edit_choose:{DRAFT_ID}"):
    """The select of an operation for the picture of the draft."""

    draft_id: str


@dataclass(frozen=True)
class EditFormId(CustomId, template=f"edit_form:{DRAFT_ID}:{_OPERATION}"):
    draft_id: str
    operation: str


@dataclass(frozen=True)
class ReopenEditFormId(CustomId, template=f"edit_form_reopen:{DRAFT_ID}:{_OPERATION}"):
    draft_id: str
    operation: str
