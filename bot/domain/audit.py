"""The audit log: actions on the members and settings of a server, with reasons."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.domain.guild_settings import SettingChange
from bot.domain.teams import TeamChange

OPERATOR_ID: Final = 1
"""Whoever runs the bot, in place of the id of a member: what they do on the command line."""


class AuditAction(StrEnum):
    """Actions on members, results and settings of a server."""

    BLOCK = "block"
    UNBLOCK = "unblock"
    CANCEL_REQUESTS = "cancel_requests"
    CANCEL_REQUEST = "cancel_request"
    PAUSE_QUEUE = "pause_queue"
    DRAIN_QUEUE = "drain_queue"
    RESUME_QUEUE = "resume_queue"
    DELETE_RESULT = "delete_result"
    DISMISS_REPORT = "dismiss_report"
    SET_BUDGET = "set_budget"
    REMOVE_BUDGET = "remove_budget"
    GRANT = "grant"
    CHANGE_SETTING = "change_setting"
    ADD_WORD = "add_word"
    REMOVE_WORD = "remove_word"
    UNDO_CHANGE = "undo_change"
    ADD_TO_GALLERY = "add_to_gallery"
    REMOVE_FROM_GALLERY = "remove_from_gallery"
    EXTEND_ROUND = "extend_round"
    CLOSE_ROUND = "close_round"
    CANCEL_CONTEST = "cancel_contest"
    DISQUALIFY_ENTRY = "disqualify_entry"
    DECIDE_TIE = "decide_tie"
    APPROVE_BATCH = "approve_batch"
    RETURN_BATCH = "return_batch"
    REJECT_BATCH = "reject_batch"
    CANCEL_BATCH = "cancel_batch"
    SET_UP_TEAM = "set_up_team"
    CHANGE_TEAM = "change_team"
    REMOVE_TEAM = "remove_team"


@dataclass(frozen=True)
class AuditEntry:
    """One line of the log. `created_at` is Unix seconds; `action` may be one of another release.

    `job_id` is the job whose result or request it was done to, whose author is the target.
    `change` is that of a setting, if this release knows the setting, `team_change` that of a team.
    """

    id: int
    actor_id: int
    action: str
    target_id: int | None
    reason: str
    created_at: float
    job_id: str | None = None
    change: SettingChange | None = None
    team_change: TeamChange | None = None
