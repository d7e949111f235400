"""The codes of the problems of batches, all of which their requesters, approvers or reviewers can act on."""

from typing import Final

BATCH_CODES: Final = (
    "batch_unknown",
    "batch_ambiguous",
    "batch_not_yours",
    "batch_started",
    "batch_changed",
    "batch_nothing_right",
    "batch_too_many_drafts",
    "batch_channel_unknown",
    "batch_due_date",
    "batch_approval_not_allowed",
    "batch_approval_own",
    "batch_not_waiting",
    "batch_not_running",
    "batch_not_paused",
    "batch_over",
    "batch_nothing_failed",
    "batch_item_unknown",
    "batch_item_open",
    "batch_item_without_picture",
    "batch_item_changed",
    "batch_not_member",
    "batch_not_reviewer",
    "batch_nothing_undecided",
    "batch_price_changed",
    "batch_all_locked",
    "batch_nothing_to_export",
    "batch_manifest_unreadable",
    "batch_source_gone",
)
