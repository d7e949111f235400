"""Everything that can go wrong for a person or an operator: a code, the facts, and who acts next.

The sentence for each code, in every language, is in `shared.i18n`.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict

from shared.batch_problems import BATCH_CODES
from shared.batch_table_problems import BATCH_TABLE_CODES
from shared.contest_problems import CONTEST_CODES
from shared.errors import PentimentoError
from shared.gallery_problems import GALLERY_CODES
from shared.mask_problems import MASK_CODES
from shared.saved_problems import SAVED_CODES
from shared.team_problems import TEAM_CODES

Fact = str | int | float

UNKNOWN_PROBLEM: Final = "unknown_problem"
"""The code whose sentence is shown for a problem that this release does not know."""

DISABLED_UNTIL_FACT: Final = "until"
"""The fact that says, in Unix seconds, until when a model is disabled; 0.1.0 does not write it."""


class Actor(StrEnum):
    """Who has to act before the same request can succeed."""

    USER = "user"  # the requester can correct it: rephrase, use another picture, leave an option out
    NOBODY = "nobody"  # it passes with time
    OPERATOR = "operator"  # whoever runs the bot must act, and the requester is told so


_CODES: Final = {
    Actor.USER: (
        # the request
        "model_unknown",
        "model_edits",
        "model_upscales",
        "field_unsupported",
        "field_unsupported_anywhere",
        "out_of_range",
        "not_a_number",
        "not_a_choice",
        "format_too_large",
        "result_too_large",
        "field_required",
        "text_too_long",
        "no_side_extended",
        "style_picture_required",
        "prompt_empty",
        "prompt_part_empty",
        "prompt_too_long",
        "weight_not_a_number",
        "weight_unsupported",
        "prompt_only_negative",
        "picture_required",
        "edit_picture_required",
        "picture_unsupported",
        "picture_only_option",
        "text_only_option",
        "fit_unsupported",
        "mode_conflict",
        "schedule_order",
        "extras_forbidden",
        "extras_not_object",
        "extras_too_large",
        "extras_too_deep",
        # the prompt, in the syntax of another tool
        "parameter_aspect",
        "parameter_count",
        "parameter_model",
        "parameter_privacy",
        "parameter_quality",
        "parameter_reference",
        "parameter_refused",
        "parameter_speed",
        "parameter_stop",
        "parameter_style",
        "parameter_tile",
        "parameter_unknown",
        "parameter_value",
        "parameter_variety",
        "parameter_video",
        "alternatives_unsupported",
        "network_unsupported",
        "link_host",
        "link_unused",
        "question_closed",
        # the attachment
        "attachment_too_large",
        "attachment_host",
        "attachment_type",
        "attachment_empty",
        "attachment_gone",
        "attachment_unreachable",
        # the picture, found while preparing it
        "picture_unreadable",
        "picture_unsupported_type",
        "picture_too_many_pixels",
        "picture_too_many_chunks",
        "picture_too_large",
        "picture_too_small",
        "picture_too_narrow",
        "picture_truncated",
        "picture_too_slow",
        "picture_heif_missing",
        "upload_expired",
        "queue_data_lost",
        # the queue
        "too_many_waiting",
        "cancelled",
        # continuing from a result
        "job_unknown",
        "source_elsewhere",
        "source_expired",
        "prompt_expired",
        "result_gone",
        "not_allowed_to_end",
        "message_not_deletable",
        "too_long_to_edit",
        "upscale_unsupported",
        "finish_unsupported",
        "not_author",
        "reuse_declined",
        "reuse_elsewhere",
        "request_private",
        "result_not_recorded",
        "picture_unsupported_anywhere",
        "no_picture",
        "message_video",
        "message_sticker",
        "metadata_missing",
        "draft_expired",
        "thread_without_result",
        "source_unknown",
        "source_conflict",
        "exploration_count",
        "choice_used",
        # features
        *SAVED_CODES,
        *CONTEST_CODES,
        *MASK_CODES,
        *GALLERY_CODES,
        *BATCH_CODES,
        *BATCH_TABLE_CODES,
        *TEAM_CODES,
        "variation_unsupported",
        "exploration_expired",
        "settings_not_allowed",
        "setting_changed_since",
        "change_unknown",
        "channel_not_writable",
        "choice_gone",
        "nothing_on_offer",
        "price_out_of_range",
        "days_out_of_range",
        "time_zone_unknown",
        "server_not_served",
        "blocked",
        "blocked_until",
        "channel_not_allowed",
        "member_lacks_permissions",
        "command_off_in_channel",
        "command_off_for_member",
        "command_needs_permissions",
        "command_unknown",
        "role_not_allowed",
        "model_not_on_offer",
        "task_not_on_offer",
        "picture_not_on_offer",
        "price_too_high",
        "private_not_allowed",
        "word_listed",
        "word_age_restricted",
        "word_rules_not_allowed",
        "word_rule_empty",
        "word_rule_too_long",
        "word_rule_known",
        "word_rule_unknown",
        "word_rules_full",
        "moderation_not_allowed",
        "moderator_not_blockable",
        "not_blocked",
        "queue_paused_already",
        "queue_draining_already",
        "queue_open_already",
        *("reason_missing", "block_days_invalid", "report_no_server", "report_no_channel"),
        *("report_known", "report_limit", "report_elsewhere", "report_gone"),
        "result_not_named",
        "budgets_not_allowed",
        "budget_unknown",
        "budget_target_conflict",
        "direct_messages_closed",
        # looking back
        "not_a_date",
        "show_unknown",
        "show_not_author",
        "show_no_result",
        "export_running",
        "search_expired",
        "lineage_no_picture",
        "lineage_unknown",
        # the model's answer
        "not_accepted",
        "response_too_large",
    ),
    Actor.NOBODY: (
        "too_many_waiting_channel",
        "too_many_waiting_guild",
        "too_often_user",
        "too_often_channel",
        "too_often_guild",
        "over_budget_bot",
        "over_budget_guild",
        "over_budget_channel",
        "over_budget_role",
        "over_budget_member",
        "over_budget_team",
        "queue_full",
        "queue_draining",
        "database_unavailable",
        "queue_not_writable",
        "queue_unavailable",
        "lookup_timed_out",
        "discord_unavailable",
        "export_busy",
        "quota_exceeded",
        "busy",
        "guardrail_unavailable",
        "result_unchecked",
        "model_timeout",
        "model_error",
        "provider_error",
        "unreachable",
        "deadline",
        "invalid_response",
        "interrupted",
        "worker_crashed",
    ),
    Actor.OPERATOR: (
        "permissions_missing",
        "access_denied",
        "model_gone",
        "model_withdrawn",
        "model_gone_for_now",
        "model_withdrawn_for_now",
        "credentials",
        "guardrail_misconfigured",
        "misconfigured",
        "unreadable",
        "unknown_problem",
        "internal",
    ),
}
ACTORS: Final[Mapping[str, Actor]] = MappingProxyType(
    {code: actor for actor, codes in _CODES.items() for code in codes}
)


class Problem(BaseModel):
    """One thing that is wrong: a code of `ACTORS` and the facts that its sentence names."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    facts: dict[str, Fact] = {}

    @property
    def actor(self) -> Actor:
        """Who acts next; the operator, if a newer release sent a code that is unknown here."""
        return ACTORS.get(self.code, Actor.OPERATOR)

    def __str__(self) -> str:
        facts = ", ".join(f"{name}: {fact}" for name, fact in self.facts.items())
        return f"{self.code} ({facts})" if facts else self.code


def make_problem(code: str, /, **facts: Fact) -> Problem:
    """Make a problem of this code with the given facts."""
    return Problem(code=code, facts=facts)


class RejectedError(PentimentoError):
    """A request that cannot be done, with everything that is wrong with it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems
