"""What a member does: opens the form of a report, and sends it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import discord

from bot.domain.records import JobRecord
from bot.domain.reports import Report, ReportKind
from bot.features.reports.store import LIMIT_SECONDS, AddResult, SqlReportStore
from bot.features.reports.view import ReportFormId, build_report_form
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages, require_guild_settings
from bot.interactions.reason_form import read_reason
from bot.interactions.responses import open_modal, run_and_report
from bot.interactions.result_buttons import ReportId
from bot.results.lookup import ResultLookup
from shared.problems import RejectedError, make_problem

_KINDS = {"generated": ReportKind.RESULT, "filtered": ReportKind.FALSE_ALARM}


@dataclass(frozen=True)
class MemberReports:
    """Reports of those who see a result, and of those whose request a filter refused. `clock` gives Unix seconds."""

    reports: SqlReportStore
    result_lookup: ResultLookup
    clock: Callable[[], float] = time.time

    async def open_form(self, interaction: discord.Interaction, custom_id: ReportId) -> None:
        """Ask for the reason, unless the report would reach nobody or is known."""
        _require_log_channel(interaction)
        async with limit_lookup_time(interaction):
            _, kind = await self._find_reportable(interaction, custom_id.job_id)
            if await self.reports.find_report(custom_id.job_id, interaction.user.id) is not None:
                raise RejectedError(make_problem("report_known"))
        await open_modal(interaction, build_report_form(custom_id.job_id, kind, get_localized_messages(interaction)))

    async def send_report(self, interaction: discord.Interaction, custom_id: ReportFormId) -> None:
        """Store the report for the log channel, and thank for it."""
        channel_id = _require_log_channel(interaction)
        reason = read_reason(interaction)

        async def send() -> str:
            record, kind = await self._find_reportable(interaction, custom_id.job_id)
            guild_id, user_id = record.job.origin.guild_id, interaction.user.id
            report = Report(record.job.id, user_id, guild_id, kind, reason, self.clock())
            match await self.reports.add_report(report, channel_id, interaction.id):
                case AddResult.KNOWN:
                    raise RejectedError(make_problem("report_known"))
                case AddResult.TOO_MANY:
                    raise RejectedError(make_problem("report_limit", minutes=int(LIMIT_SECONDS // 60)))
                case AddResult.ADDED:
                    return get_localized_messages(interaction).text("report.sent")

        await run_and_report(interaction, send)

    async def _find_reportable(self, interaction: discord.Interaction, job_id: str) -> tuple[JobRecord, ReportKind]:
        """Find a job of this server that the user may read. Raises `RejectedError`.

        A request without a picture is its author's alone (request_private).
        """
        await self.result_lookup.find_readable_settings(interaction, job_id)
        record = await self.result_lookup.find_job(job_id)
        kind = _KINDS.get(record.outcome_kind or "") if record is not None else None
        if record is None or kind is None:
            raise RejectedError(make_problem("job_unknown"))
        if record.job.origin.guild_id != interaction.guild_id:
            raise RejectedError(make_problem("report_elsewhere"))
        return record, kind


def _require_log_channel(interaction: discord.Interaction) -> int:
    """Return the log channel. Raises `RejectedError`: report_no_server, report_no_channel."""
    if interaction.guild_id is None:
        raise RejectedError(make_problem("report_no_server"))
    channel_id = require_guild_settings(interaction).log_channel_id
    if channel_id is None:
        raise RejectedError(make_problem("report_no_channel"))
    return channel_id
