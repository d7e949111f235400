"""The custom ids of the message with which approvers decide. They name the version of the batch that it shows."""

from dataclasses import dataclass
from typing import Final

from bot.batches.custom_ids import BATCH_ID, VERSION
from bot.domain.batches import ApprovalDecision
from bot.interactions.custom_ids import CustomId

_BATCH: Final = f"{BATCH_ID}:{VERSION}"


@dataclass(frozen=True)
class ApproveBatchId(CustomId, template=f"batch_approve:{_BATCH}"):
    """Approves a batch, which starts it."""

    batch_id: str
    version: int


@dataclass(frozen=True)
class ShowPromptsId(CustomId, template=f"batch_prompts:{BATCH_ID}"):
    """Shows the prompts of a batch to an approver alone: nobody has seen what is made of them."""

    batch_id: str


@dataclass(frozen=True)
class RefuseBatchId(CustomId, template=f"batch_refuse:{_BATCH}:(?P<decision>changes|reject)"):
    """Opens the form that asks for changes or rejects a batch, in words."""

    batch_id: str
    version: int
    decision: ApprovalDecision


@dataclass(frozen=True)
class RefusalFormId(CustomId, template=f"batch_refusal:{_BATCH}:(?P<decision>changes|reject)"):
    batch_id: str
    version: int
    decision: ApprovalDecision
