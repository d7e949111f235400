"""The subcommands of `/budget`: mine, show, set, remove, grant and report."""

import asyncio
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import discord
from discord import app_commands

from bot.domain.audit import AuditAction
from bot.domain.budgets import (
    Budget,
    BudgetPeriod,
    BudgetScope,
    BudgetUnit,
    format_budget_terms,
    format_grant_terms,
    get_period_start,
    to_micro_usd,
)
from bot.features.budgets.report import build_csv, draw_report
from bot.features.budgets.view import (
    BudgetPageId,
    ReportLabels,
    build_budget_page,
    build_budgets_view,
    build_report_view,
)
from bot.interactions.audit import record_action
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.permissions import require_guild_manager
from bot.interactions.responses import RenderedMessage, respond_privately, respond_with, update_message
from bot.interactions.teams import require_team
from bot.rendering.budget_text import format_budget_usage
from bot.storage.audit_log import SqlAuditLog
from bot.storage.budgets import SqlBudgetStore
from bot.storage.ledger_reports import ReportGroup, SqlLedgerReports
from bot.storage.teams import SqlTeamStore
from bot.submission.spender import build_member_spender, build_spender
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem

AMOUNT_LIMIT: Final = 1_000_000
REASON_LIMIT: Final = 200
MAX_LINES: Final = 20
PERSONAL_SCOPES: Final = frozenset({BudgetScope.MEMBER, BudgetScope.ROLE})  # those that a grant counts in
PAGE_SIZE: Final = 15

Amount = app_commands.Range[float, 0, AMOUNT_LIMIT]


class ChannelTransformer(app_commands.Transformer):
    """Offers the channels in which, or in whose threads, requests are made. What Discord calls media is left out."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        kinds = discord.ChannelType
        return [kinds.text, kinds.news, kinds.voice, kinds.stage_voice, kinds.forum]

    async def transform(
        self, interaction: discord.Interaction, value: app_commands.AppCommandChannel
    ) -> app_commands.AppCommandChannel:
        del interaction
        return value


BudgetChannel = app_commands.Transform[app_commands.AppCommandChannel, ChannelTransformer]
Target = discord.Member | discord.Role | app_commands.AppCommandChannel


@dataclass(frozen=True)
class BudgetCommands:
    """Everyone may see their own budgets; those who manage the server may see and change all. `clock`: Unix seconds."""

    budget_store: SqlBudgetStore
    reports: SqlLedgerReports
    audit_log: SqlAuditLog
    team_store: SqlTeamStore
    catalogue: Catalogue
    clock: Callable[[], float] = time.time

    async def show_own_budgets(self, interaction: discord.Interaction) -> None:
        """Show the rest of each budget that applies to the person here."""

        async def render() -> RenderedMessage:
            messages, guild_id = get_localized_messages(interaction), interaction.guild_id or 0
            team = require_team(interaction)
            usages = await self.budget_store.list_usage(build_spender(interaction, None if team is None else team.ref))
            since = await self._get_start(BudgetPeriod.MONTH, guild_id)
            own = await self.reports.sum_member_spending(guild_id, interaction.user.id, since.timestamp())
            return RenderedMessage(build_budgets_view(messages.text("budget.mine"), usages, messages, own, team))

        await respond_with(interaction, render)

    async def show_budgets(self, interaction: discord.Interaction) -> None:
        """Show the first budgets of the server."""
        require_guild_manager(interaction, "budgets_not_allowed")
        await respond_with(interaction, lambda: self._render_page(interaction, 0))

    async def show_page(self, interaction: discord.Interaction, custom_id: BudgetPageId) -> None:
        """Show another page of the budgets of the server."""
        require_guild_manager(interaction, "budgets_not_allowed")
        await update_message(interaction, lambda: self._render_page(interaction, custom_id.page))

    async def _render_page(self, interaction: discord.Interaction, page: int) -> RenderedMessage:
        guild_id = interaction.guild_id or 0
        usages = await self.budget_store.list_guild_usage(guild_id, offset=page * PAGE_SIZE, limit=PAGE_SIZE + 1)
        messages, has_more = get_localized_messages(interaction), len(usages) > PAGE_SIZE
        return RenderedMessage(build_budget_page(usages[:PAGE_SIZE], page, messages, has_more=has_more))

    async def set_budget(
        self,
        interaction: discord.Interaction,
        amount: Amount,
        period: str,
        unit: str = BudgetUnit.USD,
        member: discord.Member | None = None,
        role: discord.Role | None = None,
        team: discord.Role | None = None,
        channel: BudgetChannel | None = None,
    ) -> None:
        """Set a budget of the server, or of one member, role, team or channel."""
        require_guild_manager(interaction, "budgets_not_allowed")
        async with limit_lookup_time(interaction):
            budget = _build_budget(interaction, period, unit, _list_targets(member, role, team, channel), amount=amount)
            if team is not None and await self.team_store.find_team(team.guild.id, team.id) is None:
                raise RejectedError(make_problem("team_unknown"))
            usage = await self.budget_store.set_budget(budget, interaction.user.id)
            await record_action(
                interaction, self.audit_log, AuditAction.SET_BUDGET, budget.target_id, format_budget_terms(budget)
            )
        messages = get_localized_messages(interaction)
        text = messages.text("budget.was_set", budget=format_budget_usage(usage, messages))
        await respond_privately(interaction, text)

    async def remove_budget(
        self,
        interaction: discord.Interaction,
        period: str,
        unit: str = BudgetUnit.USD,
        member: discord.Member | None = None,
        role: discord.Role | None = None,
        team: discord.Role | None = None,
        channel: BudgetChannel | None = None,
    ) -> None:
        """Remove a budget."""
        require_guild_manager(interaction, "budgets_not_allowed")
        async with limit_lookup_time(interaction):
            budget = _build_budget(interaction, period, unit, _list_targets(member, role, team, channel))
            limit = await self.budget_store.remove_budget(budget)
            if limit is None:
                raise RejectedError(make_problem("budget_unknown"))
            terms = format_budget_terms(replace(budget, limit=limit))
            await record_action(interaction, self.audit_log, AuditAction.REMOVE_BUDGET, budget.target_id, terms)
        await respond_privately(interaction, get_localized_messages(interaction).text("budget.removed"))

    async def grant(
        self,
        interaction: discord.Interaction,
        member: discord.Member,
        amount: app_commands.Range[float, -AMOUNT_LIMIT, AMOUNT_LIMIT],
        reason: app_commands.Range[str, 1, REASON_LIMIT],
        unit: str = BudgetUnit.USD,
    ) -> None:
        """Give a member more of their budgets, until these start again."""
        require_guild_manager(interaction, "budgets_not_allowed")
        async with limit_lookup_time(interaction):
            spender = build_member_spender(member, interaction)
            counted = _count(BudgetUnit(unit), amount)
            await self.budget_store.adjust(spender, BudgetUnit(unit), counted, reason)
            usages = await self.budget_store.list_usage(spender)
            terms = format_grant_terms(BudgetUnit(unit), counted, reason)
            await record_action(interaction, self.audit_log, AuditAction.GRANT, member.id, terms)
        messages = get_localized_messages(interaction)
        is_counted = any(u.budget.unit == unit and u.budget.scope in PERSONAL_SCOPES for u in usages)
        key = ("budget.granted" if counted >= 0 else "budget.taken") if is_counted else "budget.granted_nowhere"
        text = messages.text(key, member=f"<@{member.id}>", amount=messages.format_amount(f"{unit} {abs(counted)}"))
        await respond_privately(interaction, text)

    async def report(
        self, interaction: discord.Interaction, group: str = ReportGroup.MEMBER, period: str = BudgetPeriod.MONTH
    ) -> None:
        """Show the spending of the server today, this week or this month as a list, a chart and a CSV file."""
        require_guild_manager(interaction, "budgets_not_allowed")
        guild_id = interaction.guild_id or 0

        async def render() -> RenderedMessage:
            messages = get_localized_messages(interaction)
            start = await self._get_start(BudgetPeriod(period), guild_id)
            until = self.clock() + 1
            lines = await self.reports.sum_spending(ReportGroup(group), start.timestamp(), until, guild_id)
            labels = ReportLabels(messages, self.catalogue)
            title = messages.text("budget.report", start=messages.format_date(start.date().isoformat()))
            files = []
            if lines:
                people = [int(line.key) for line in lines] if group == ReportGroup.MEMBER else []
                member_names = await self.reports.load_member_names(people)
                names = [
                    labels.format_plain_key(ReportGroup(group), line.key, interaction.guild, member_names)
                    for line in lines
                ]
                chart = await asyncio.to_thread(draw_report, names[:MAX_LINES], lines[:MAX_LINES], messages)
                files = [
                    discord.File(io.BytesIO(chart.jpeg), filename="spending.jpg"),
                    discord.File(io.BytesIO(build_csv(group, names, lines)), filename="spending.csv"),
                ]
            return RenderedMessage(build_report_view(title, ReportGroup(group), lines, MAX_LINES, labels), files)

        await respond_with(interaction, render)

    async def _get_start(self, period: BudgetPeriod, guild_id: int) -> datetime:
        """Return the moment at which the current period began in the time zone of the guild."""
        zone = await self.budget_store.load_time_zone(guild_id)
        return get_period_start(period, datetime.fromtimestamp(self.clock(), UTC), zone)


def _build_budget(
    interaction: discord.Interaction,
    period: str,
    unit: str,
    given: Sequence[tuple[BudgetScope, int]],
    *,
    amount: float = 0,
) -> Budget:
    """Build the budget of the given target, or of the server. Raises `RejectedError` if several targets are given."""
    if len(given) > 1:
        raise RejectedError(make_problem("budget_target_conflict"))
    guild_id = interaction.guild_id or 0
    scope, target_id = given[0] if given else (BudgetScope.GUILD, guild_id)
    limit = _count(BudgetUnit(unit), amount)
    return Budget("", scope, guild_id, target_id, BudgetPeriod(period), BudgetUnit(unit), limit)


def _list_targets(
    member: discord.Member | None,
    role: discord.Role | None,
    team: discord.Role | None,
    channel: app_commands.AppCommandChannel | None,
) -> list[tuple[BudgetScope, int]]:
    """List the targets that the options name."""
    targets: dict[BudgetScope, Target | None] = {
        BudgetScope.MEMBER: member,
        BudgetScope.ROLE: role,
        BudgetScope.TEAM: team,
        BudgetScope.CHANNEL: channel,
    }
    return [(scope, target.id) for scope, target in targets.items() if target is not None]


def _count(unit: BudgetUnit, amount: float) -> int:
    return to_micro_usd(amount) if unit is BudgetUnit.USD else round(amount)
