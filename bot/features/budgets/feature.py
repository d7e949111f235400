"""The commands that the feature adds to the bot."""

from discord.app_commands import Choice

from bot.discord_client.command_builder import build_command, build_guild_group
from bot.discord_client.feature import Feature
from bot.discord_client.translator import localize_choice
from bot.domain.budgets import BudgetPeriod, BudgetUnit
from bot.domain.notices import NoticeKind
from bot.features.budgets.command import BudgetCommands
from bot.features.budgets.notice import render_budget_notice
from bot.features.budgets.view import BudgetPageId
from bot.interactions.access import Access
from bot.interactions.routing import Route
from bot.storage.audit_log import SqlAuditLog
from bot.storage.budgets import SqlBudgetStore
from bot.storage.ledger_reports import ReportGroup, SqlLedgerReports
from bot.storage.teams import SqlTeamStore
from shared.catalogue import Catalogue

GROUPS = (ReportGroup.MEMBER, ReportGroup.TEAM, ReportGroup.CHANNEL, ReportGroup.MODEL, ReportGroup.DAY)


def build_budgets_feature(
    budget_store: SqlBudgetStore,
    reports: SqlLedgerReports,
    audit_log: SqlAuditLog,
    team_store: SqlTeamStore,
    catalogue: Catalogue,
) -> Feature:
    """Build `/budget` with its subcommands."""
    handler = BudgetCommands(budget_store, reports, audit_log, team_store, catalogue)
    periods = [Choice(name=localize_choice("budget_period", period), value=period.value) for period in BudgetPeriod]
    units = [Choice(name=localize_choice("budget_unit", unit), value=unit.value) for unit in BudgetUnit]
    groups = [Choice(name=localize_choice("report_group", group), value=group.value) for group in GROUPS]
    group = build_guild_group(
        "budget",
        (
            build_command("budget.mine", handler.show_own_budgets),
            build_command("budget.show", handler.show_budgets),
            build_command("budget.set", handler.set_budget, choices={"period": periods, "unit": units}),
            build_command("budget.remove", handler.remove_budget, choices={"period": periods, "unit": units}),
            build_command("budget.grant", handler.grant, choices={"unit": units}),
            build_command("budget.report", handler.report, choices={"group": groups, "period": periods}),
        ),
    )
    return Feature(
        commands=[group],
        routes=[Route(BudgetPageId, handler.show_page)],
        access=Access.ALWAYS,
        notice_renderers={NoticeKind.BUDGET: render_budget_notice},
    )
