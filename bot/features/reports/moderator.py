"""What a moderator does with the buttons below a report, each of which asks for a reason unless it is dismissed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.domain.blocks import MAX_BLOCK_DAYS, Block, compute_block_end
from bot.domain.notices import Notice
from bot.domain.records import JobRecord
from bot.domain.reports import Report, ReportAction
from bot.features.reports.store import SqlReportStore
from bot.features.reports.view import (
    DAYS_FIELD,
    ReportActionId,
    ReportReasonId,
    build_action_form,
    build_report_items,
    list_possible_actions,
)
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_guild_messages, get_localized_messages
from bot.interactions.modals import read_modal_fields
from bot.interactions.permissions import require_blockable, require_moderator
from bot.interactions.reason_form import read_reason
from bot.interactions.responses import RenderedMessage, open_modal, update_message
from bot.rendering.layout import build_container_view
from bot.results.deletion import ResultDeletion
from bot.submission.cancellation import JobCancellation
from shared.i18n.messages import Messages
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class ModeratorReports:
    """Shows reports, and lets moderators act on them. `clock` gives Unix seconds."""

    reports: SqlReportStore
    deletion: ResultDeletion
    cancellation: JobCancellation
    clock: Callable[[], float] = time.time

    async def render_notice(
        self, notice: Notice, messages: Messages, guild: discord.Guild | None
    ) -> Sequence[ui.Item[Any]]:
        """Render a report for the log channel; () if its reporter or the author deleted their data meanwhile."""
        del guild
        report = await self.reports.find_report(str(notice.data["job_id"]), int(notice.data["reporter_id"]))
        record = None if report is None else await self.deletion.result_lookup.job_history.find_job(report.job_id)
        if report is None or record is None:
            return ()
        return build_report_items(report, record, await self.reports.list_actions(report), messages)

    async def act(self, interaction: discord.Interaction, custom_id: ReportActionId) -> None:
        """Dismiss the report, or ask for the reason of an action. What was done already is shown in its place."""
        require_moderator(interaction)
        async with limit_lookup_time(interaction):
            report, record = await self._find_report(interaction, custom_id.job_id, custom_id.reporter_id)
            is_possible = custom_id.action in list_possible_actions(
                report, record, await self.reports.list_actions(report)
            )
        if is_possible and custom_id.action is not ReportAction.DISMISS:
            reason_id = ReportReasonId(report.job_id, report.reporter_id, custom_id.action)
            await open_modal(interaction, build_action_form(reason_id, get_localized_messages(interaction)))
            return

        async def dismiss_and_render() -> RenderedMessage:
            if is_possible:
                author_id = record.job.requester.id
                await self.reports.log_action(
                    report, custom_id.action, actor_id=interaction.user.id, author_id=author_id
                )
            return await self._render(interaction, report)

        await update_message(interaction, dismiss_and_render)

    async def act_with_reason(self, interaction: discord.Interaction, custom_id: ReportReasonId) -> None:
        """Do what the form is about, unless somebody did it meanwhile, and show that in the message."""
        require_moderator(interaction)
        reason = read_reason(interaction)
        async with limit_lookup_time(interaction):
            report, record = await self._find_report(interaction, custom_id.job_id, custom_id.reporter_id)

        async def perform_and_render() -> RenderedMessage:
            if custom_id.action in list_possible_actions(report, record, await self.reports.list_actions(report)):
                await self._perform(interaction, report, record, custom_id.action, reason)
            return await self._render(interaction, report)

        await update_message(interaction, perform_and_render)

    async def _perform(
        self, interaction: discord.Interaction, report: Report, record: JobRecord, action: ReportAction, reason: str
    ) -> None:
        block, author_id = None, record.job.requester.id
        match action:
            case ReportAction.DELETE:
                settings = await self.deletion.result_lookup.find_generation_settings(interaction, report.job_id)
                await self.deletion.delete_as_moderator(interaction, settings, reason)
                await self.reports.close_reports(report, interaction.user.id)
                return
            case ReportAction.BLOCK:
                await require_blockable(interaction, author_id)
                block = Block(author_id, reason, self._read_end(interaction))
            case ReportAction.CANCEL:
                await self.cancellation.cancel_member_jobs(interaction, author_id)
            case ReportAction.DISMISS:
                raise RejectedError(make_problem("report_gone"))  # no form is about it: the id is forged
        await self.reports.log_action(
            report, action, actor_id=interaction.user.id, author_id=author_id, reason=reason, block=block
        )

    def _read_end(self, interaction: discord.Interaction) -> float | None:
        """Read when a block ends; None if it does not end by itself. Raises `RejectedError` (block_days_invalid)."""
        text = (read_modal_fields(interaction).get_text(DAYS_FIELD) or "").strip()
        if not text:
            return None
        days = int(text) if text.isascii() and text.isdigit() else 0
        if not 1 <= days <= MAX_BLOCK_DAYS:
            raise RejectedError(make_problem("block_days_invalid", most=MAX_BLOCK_DAYS))
        return compute_block_end(days, self.clock())

    async def _find_report(
        self, interaction: discord.Interaction, job_id: str, reporter_id: int
    ) -> tuple[Report, JobRecord]:
        """Find a report of this server, and its job. Raises `RejectedError` (report_gone)."""
        report = await self.reports.find_report(job_id, reporter_id)
        record = await self.deletion.result_lookup.find_job(job_id)
        if report is None or record is None or report.guild_id != interaction.guild_id:
            raise RejectedError(make_problem("report_gone"))
        return report, record

    async def _render(self, interaction: discord.Interaction, report: Report) -> RenderedMessage:
        report, record = await self._find_report(interaction, report.job_id, report.reporter_id)
        actions = await self.reports.list_actions(report)
        items = build_report_items(report, record, actions, get_guild_messages(interaction))
        return RenderedMessage(build_container_view(*items))
