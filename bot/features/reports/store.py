"""The reports of members, and what moderators did about them, which the audit log tells."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select, update

from bot.domain.blocks import Block
from bot.domain.notices import NoticeKind
from bot.domain.reports import AUDIT_ACTIONS, Report, ReportAction, ReportKind
from bot.storage.audit_log import add_audit_entry
from bot.storage.blocks import upsert_block
from bot.storage.notices import add_notice
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import audit_entries, reports
from bot.storage.upsert import build_insert_unless_exists

MAX_REPORTS: Final = 5
LIMIT_SECONDS: Final = 600.0


class AddResult(Enum):
    """Whether a report was stored: a person reports a job once, and few in a while."""

    ADDED = auto()
    KNOWN = auto()
    TOO_MANY = auto()


@dataclass(frozen=True)
class SqlReportStore:
    """Stored reports. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds."""

    database: Database
    clock: Callable[[], float] = time.time

    async def add_report(self, report: Report, channel_id: int, event_id: int) -> AddResult:
        """Store a report, and the notice that brings it to a channel. `event_id` is the interaction that made it."""

        def add(connection: Connection) -> AddResult:
            since = report.created_at - LIMIT_SECONDS
            recent = select(func.count()).where(
                reports.c.guild_id == report.guild_id,
                reports.c.reporter_id == report.reporter_id,
                reports.c.created_at > since,
            )
            if _find_row(connection, report.job_id, report.reporter_id) is not None:
                return AddResult.KNOWN
            if connection.execute(recent).scalar_one() >= MAX_REPORTS:
                return AddResult.TOO_MANY
            key, data = f"report:{event_id}", {"job_id": report.job_id, "reporter_id": report.reporter_id}
            at = report.created_at
            row = {name: getattr(report, name) for name in _COLUMNS}
            if connection.execute(build_insert_unless_exists(connection, reports, row)).one_or_none() is None:
                return AddResult.KNOWN
            add_notice(connection, key, report.guild_id, channel_id, NoticeKind.REPORT, data, at)
            return AddResult.ADDED

        with translate_database_errors():
            return await self.database.run_transaction(add)

    async def find_report(self, job_id: str, reporter_id: int) -> Report | None:
        """Find the report of a job by a person."""
        with translate_database_errors():
            row = await self.database.run_transaction(lambda connection: _find_row(connection, job_id, reporter_id))
        return None if row is None else _parse_report(row)

    async def list_actions(self, report: Report) -> Mapping[ReportAction, int]:
        """List what moderators did about the job since it was reported, with the id of each one's user."""
        with translate_database_errors():
            return await self.database.run_transaction(lambda connection: _list_actions(connection, report))

    async def close_reports(self, report: Report, actor_id: int) -> None:
        """Note who was the first to act on the reports of a job, unless somebody was before."""
        with translate_database_errors():
            await self.database.run_transaction(
                lambda connection: _close_reports(connection, report, actor_id, self.clock())
            )

    async def log_action(
        self,
        report: Report,
        action: ReportAction,
        *,
        actor_id: int,
        author_id: int,
        reason: str = "",
        block: Block | None = None,
    ) -> bool:
        """Log an action in the audit log, and block its author if `block` is given; False if it was taken before."""

        def log(connection: Connection) -> bool:
            at = self.clock()
            _close_reports(connection, report, actor_id, at)  # waits for another moderator's transaction
            if action in _list_actions(connection, report):
                return False
            entry = (report.guild_id, actor_id, AUDIT_ACTIONS[action], author_id, reason, at)
            add_audit_entry(connection, *entry, job_id=report.job_id)
            if block is not None:
                upsert_block(connection, report.guild_id, block, at)
            return True

        with translate_database_errors():
            return await self.database.run_transaction(log)


_COLUMNS: Final = ("job_id", "reporter_id", "guild_id", "kind", "reason", "created_at")


def _find_row(connection: Connection, job_id: str, reporter_id: int) -> Row[Any] | None:
    query = select(reports).where(reports.c.job_id == job_id, reports.c.reporter_id == reporter_id)
    return connection.execute(query).one_or_none()


def _close_reports(connection: Connection, report: Report, actor_id: int, at: float) -> None:
    """Note in all reports of the job who was the first to act."""
    closing = {
        "closed_by": func.coalesce(reports.c.closed_by, actor_id),
        "closed_at": func.coalesce(reports.c.closed_at, at),
    }
    connection.execute(update(reports).where(reports.c.job_id == report.job_id).values(closing))


def _list_actions(connection: Connection, report: Report) -> dict[ReportAction, int]:
    query = (
        select(audit_entries.c.action, audit_entries.c.actor_id)
        .where(
            audit_entries.c.guild_id == report.guild_id,
            audit_entries.c.created_at >= report.created_at,
            audit_entries.c.action.in_(AUDIT_ACTIONS.values()),
            audit_entries.c.old_value == json.dumps(report.job_id),
        )
        .order_by(audit_entries.c.id.desc())
    )
    actions = {audit_action: action for action, audit_action in AUDIT_ACTIONS.items()}
    return {actions[row.action]: row.actor_id for row in connection.execute(query)}


def _parse_report(row: Row[Any]) -> Report:
    return Report(row.job_id, row.reporter_id, row.guild_id, ReportKind(row.kind), row.reason, row.created_at)
