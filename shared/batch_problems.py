"""The codes of the problems of batches, all of which their requesters, approvers or reviewers can act on."""

from typing import Final

BATCH_CODES: Final = (
    "batch_unknown",
    "batch_ambiguous",
    "batch_not_yours",
    "batch_not_allowed",
)
