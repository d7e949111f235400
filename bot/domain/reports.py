"""Reports: a member tells a server's moderators about a result, or that a filter refused a request by mistake."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.audit import AuditAction


class ReportKind(StrEnum):
    """What is reported: a result, or a false alarm of a filter, by the person whose request it refused."""

    RESULT = "result"
    FALSE_ALARM = "filter"


class ReportAction(StrEnum):
    """What a moderator can do about a report, each once."""

    DELETE = "delete"
    BLOCK = "block"
    CANCEL = "cancel"
    DISMISS = "dismiss"


AUDIT_ACTIONS: Mapping[ReportAction, AuditAction] = {
    ReportAction.DELETE: AuditAction.DELETE_RESULT,
    ReportAction.BLOCK: AuditAction.BLOCK,
    ReportAction.CANCEL: AuditAction.CANCEL_REQUESTS,
    ReportAction.DISMISS: AuditAction.DISMISS_REPORT,
}
"""The line of the audit log that says that an action was taken, and by whom."""


@dataclass(frozen=True)
class Report:
    """A report of a job, of which each person makes one. `created_at` is Unix seconds."""

    job_id: str
    reporter_id: int
    guild_id: int
    kind: ReportKind
    reason: str
    created_at: float
