"""The commands and handlers that the feature adds to the bot."""

import time
from typing import Any, Final

from discord.app_commands import Choice

from bot.batches.approval_custom_ids import ApproveBatchId, RefusalFormId, RefuseBatchId, ShowPromptsId
from bot.batches.drafting import BatchDrafter
from bot.batches.exporter import BatchExporter
from bot.batches.message_builder import BatchMessageBuilder
from bot.batches.repeater import BatchRepeater
from bot.batches.source_sheet import SourceSheets
from bot.batches.uploads import BatchUploads
from bot.discord_client.command_builder import Command, build_command, build_guild_group, build_message_command
from bot.discord_client.feature import Feature
from bot.discord_client.translator import localize_choice
from bot.domain.notices import NoticeKind
from bot.domain.ports import DraftStore, JobHistory
from bot.features.batches.approvals import ApprovalHandlers
from bot.features.batches.board_routes import build_board_routes
from bot.features.batches.cancellation import BatchCancellation
from bot.features.batches.context import BatchContext
from bot.features.batches.custom_ids import (
    BatchFormId,
    BriefFormId,
    DiscardBatchId,
    EditBriefId,
    PreviewPageId,
    SendAgainFormId,
    SendAgainId,
    SetPingsId,
    SetPriorityId,
    StartBatchId,
)
from bot.features.batches.export import ExportHandlers
from bot.features.batches.notice import BatchNotices
from bot.features.batches.overview import OverviewCommands
from bot.features.batches.preview_handlers import PreviewHandlers
from bot.features.batches.previews import BatchPreviews
from bot.features.batches.rerun import RerunHandlers
from bot.features.batches.rights import BatchRights
from bot.features.batches.start import StartCommand
from bot.interactions.routing import Route
from bot.queue.call_paces import RedisCallPaces
from bot.results.lookup import ResultLookup
from bot.results.reuse import ReuseRule
from bot.storage.audit_log import SqlAuditLog
from bot.storage.batches import SqlBatchStore
from bot.storage.budgets import SqlBudgetStore
from bot.storage.teams import SqlTeamStore
from bot.submission.preset_option import PresetOption
from bot.submission.team_option import TeamOption
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue
from shared.job import Priority

SECONDS_PER_DAY: Final = 86400.0


def build_batches_feature(
    store: SqlBatchStore,
    teams: SqlTeamStore,
    budgets: SqlBudgetStore,
    audit_log: SqlAuditLog,
    validator: RequestValidator,
    drafts: DraftStore,
    job_history: JobHistory,
    reuse_rule: ReuseRule,
    preset_option: PresetOption,
    team_option: TeamOption,
    uploads: BatchUploads,
    drafter: BatchDrafter,
    paces: RedisCallPaces,
    builder: BatchMessageBuilder,
    result_lookup: ResultLookup,
    exporter: BatchExporter,
    repeater: BatchRepeater,
    catalogue: Catalogue,
    *,
    approval_days: float,
) -> Feature:
    """Build `/batch`, for servers only, and the handlers of its panels and of the messages of batches."""
    previews = BatchPreviews(store, budgets, teams, paces, SourceSheets(store), catalogue)
    context = BatchContext(store, validator, preset_option, time.time)
    start = StartCommand(context, uploads, drafter, previews, team_option, drafts, job_history, reuse_rule)
    preview = PreviewHandlers(store, context, uploads, drafter, previews, approval_days * SECONDS_PER_DAY)
    approvals = ApprovalHandlers(store, teams, audit_log)
    rights = BatchRights(store, teams)
    cancellation = BatchCancellation(store, rights, audit_log)
    overview = OverviewCommands(store, rights, cancellation, previews, builder)
    export = ExportHandlers(store, rights, exporter)
    rerun = RerunHandlers(context, rights, uploads, repeater, previews, team_option)
    commands = (
        _build_start_command(start),
        *_build_overview_commands(overview),
        build_command("batch.export", export.show_panel, autocomplete={"batch": overview.autocomplete_batch}),
        build_command("batch.rerun", rerun.rerun),
    )
    group = build_guild_group("batch", commands)
    return Feature(
        commands=[group, build_message_command("batch_from_message", start.open_form_of_message)],
        routes=[
            *_build_preview_routes(start, preview),
            Route(ApproveBatchId, approvals.approve),
            Route(ShowPromptsId, approvals.show_prompts),
            Route(RefuseBatchId, approvals.open_form),
            Route(RefusalFormId, approvals.refuse),
            *build_board_routes(
                store, rights, cancellation, validator, drafts, result_lookup, export, rerun, catalogue
            ),
        ],
        notice_renderers={NoticeKind.BATCH: BatchNotices(store).render_notice},
    )


def _build_start_command(start: StartCommand) -> Command:
    priorities = [Choice(name=localize_choice("priority", value), value=value.value) for value in Priority]
    return build_command(
        "batch.start",
        start.start,
        autocomplete={"team": start.team_option.autocomplete_team},
        choices={"priority": priorities},
    )


def _build_overview_commands(overview: OverviewCommands) -> tuple[Command, ...]:
    complete_open = {"batch": overview.autocomplete_open_batch}
    return (
        build_command("batch.status", overview.show_status, autocomplete=complete_open),
        build_command("batch.list", overview.show_list),
        build_command("batch.pause", overview.pause, autocomplete=complete_open),
        build_command("batch.resume", overview.resume, autocomplete=complete_open),
        build_command("batch.cancel", overview.cancel, autocomplete=complete_open),
    )


def _build_preview_routes(start: StartCommand, preview: PreviewHandlers) -> list[Route[Any]]:
    return [
        Route(BatchFormId, start.submit_form),
        Route(StartBatchId, preview.start),
        Route(EditBriefId, preview.open_brief),
        Route(BriefFormId, preview.save_brief),
        Route(SetPriorityId, preview.set_priority),
        Route(SetPingsId, preview.set_pings),
        Route(SendAgainId, preview.open_again_form),
        Route(SendAgainFormId, preview.send_again),
        Route(DiscardBatchId, preview.discard),
        Route(PreviewPageId, preview.show_page),
    ]
