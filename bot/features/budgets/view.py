"""The messages of `/budget`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.domain.budgets import BudgetUsage
from bot.domain.teams import Team
from bot.interactions.components import build_button
from bot.interactions.custom_ids import CustomId
from bot.rendering.budget_text import format_budget_usage
from bot.rendering.layout import build_attached_gallery, build_container_view
from bot.rendering.markdown import escape_markdown
from bot.storage.ledger_reports import NO_TEAM_KEY, ReportGroup, ReportLine, add_up
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages


@dataclass(frozen=True)
class BudgetPageId(CustomId, template=r"budget_page:(?P<page>[0-9]{1,4})"):
    """The button that shows this page of a server's budgets."""

    page: int


@dataclass(frozen=True)
class ReportLabels:
    """Names of the lines of a report, in one language."""

    messages: Messages
    catalogue: Catalogue

    def format_key(self, group: ReportGroup, key: str) -> str:
        """Format the subject of a line of a report, with mentions, which ring nobody."""
        match group:
            case ReportGroup.MEMBER:
                return f"<@{key}>" if key != "0" else self.messages.text("budget.forgotten_member")
            case ReportGroup.TEAM:
                return self.messages.text("budget.no_team") if key == NO_TEAM_KEY else f"<@&{key}>"
            case ReportGroup.CHANNEL:
                return f"<#{key}>"
            case ReportGroup.DAY:
                return self.messages.format_date(key)
            case _:
                return escape_markdown(self._get_model_name(key), 100)

    def format_plain_key(
        self, group: ReportGroup, key: str, guild: discord.Guild | None, member_names: Mapping[str, str]
    ) -> str:
        """Format the subject of a line of a report without markdown, for a chart or a table."""
        match group:
            case ReportGroup.MEMBER:
                return self.messages.text("budget.forgotten_member") if key == "0" else member_names.get(key, key)
            case ReportGroup.TEAM if key == NO_TEAM_KEY:
                return self.messages.text("budget.no_team")
            case ReportGroup.TEAM:
                role = guild.get_role(int(key)) if guild else None
                return role.name if role else key
            case ReportGroup.CHANNEL:
                channel = guild.get_channel_or_thread(int(key)) if guild else None
                return channel.name if channel else key
            case ReportGroup.DAY:
                return self.messages.format_date(key)
            case _:
                return self._get_model_name(key)

    def _get_model_name(self, key: str) -> str:
        model = self.catalogue.models.get(key)
        return model.name if model else key


def build_budgets_view(
    title: str, usages: Sequence[BudgetUsage], messages: Messages, own: ReportLine, team: Team | None
) -> ui.LayoutView:
    """List the budgets that apply to a member, and say how much they have used for themselves this month.

    `team` is the one for which they ask, if any.
    """
    lines = [
        *_format_budgets(usages, messages, is_of_member=True),
        *([] if team is None else [messages.text("budget.for_team", team=f"<@&{team.role_id}>")]),
        _format_line("budget.spent_by_member", own, messages),
    ]
    return build_container_view(ui.TextDisplay("\n".join([f"### {title}", *lines])))


def build_budget_page(usages: Sequence[BudgetUsage], page: int, messages: Messages, *, has_more: bool) -> ui.LayoutView:
    """Show a page of a server's budgets, the first of which is 0, with buttons for the pages around it."""
    lines = [f"### {messages.text('budget.server')}", *_format_budgets(usages, messages)]
    rows: list[ui.Item[Any]] = []
    if page or has_more:
        lines.append(f"-# {messages.text('budget.page', page=page + 1)}")
        previous = build_button(BudgetPageId(max(page - 1, 0)), messages.text("budget.previous"), disabled=not page)
        following = build_button(BudgetPageId(page + 1), messages.text("budget.next"), disabled=not has_more)
        rows.append(ui.ActionRow(previous, following))
    return build_container_view(ui.TextDisplay("\n".join(lines)), *rows)


def build_report_view(
    title: str, group: ReportGroup, lines: Sequence[ReportLine], max_lines: int, labels: ReportLabels
) -> ui.LayoutView:
    """Show the sum, the first lines of a report and its chart; the file with all lines hangs below."""
    messages = labels.messages
    if not lines:
        return build_container_view(ui.TextDisplay(f"### {title}\n{messages.text('budget.nothing_spent')}"))
    rows = [
        _format_line("budget.report_line", line, messages, name=labels.format_key(group, line.key))
        for line in lines[:max_lines]
    ]
    if len(lines) > max_lines:
        rows.append(messages.text("budget.more_lines", count=len(lines) - max_lines))
    summary = _format_line("budget.total", add_up(lines, ""), messages)
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join([f"### {title}", summary, "", *rows]))]
    items += [build_attached_gallery("spending.jpg", summary), ui.File("attachment://spending.csv")]
    return build_container_view(*items)


def _format_budgets(usages: Sequence[BudgetUsage], messages: Messages, *, is_of_member: bool = False) -> list[str]:
    lines = [f"- {format_budget_usage(usage, messages, is_of_member=is_of_member)}" for usage in usages]
    return lines or [messages.text("budget.none")]


def _format_line(key: str, line: ReportLine, messages: Messages, **facts: str) -> str:
    """Format a sentence about a line of a report, with its amount and its pictures."""
    amount, pictures = messages.format_price(line.amount / 1e6), messages.text("amount.pictures", count=line.calls)
    return messages.text(key, amount=amount, pictures=pictures, **facts)
