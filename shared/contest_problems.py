"""The codes of the problems of contests, all of which their members can act on."""

from typing import Final

CONTEST_CODES: Final = (
    "round_unknown",
    "round_over",
    "round_phase_over",
    "round_vote_over",
    "round_not_entering",
    "round_not_your_turn",
    "round_entries_used",
    "round_full",
    "round_role_required",
    "round_cost_limit",
    "round_entry_unknown",
    "round_ambiguous",
    "round_duration",
    "round_member_too_new",
    "round_not_allowed",
    "round_not_moderator",
    "round_no_model",
    "round_no_threads",
    "round_threads_not_allowed",
    "round_thread_not_yours",
    "round_thread_used",
    "round_too_many_open",
    "round_payer_not_allowed",
    "round_reuse_declined",
    "round_only_own_entries",
    "round_not_over",
    "ballot_choices",
    "ballot_own_entry",
)
