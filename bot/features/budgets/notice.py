"""The notice that a budget is half used, nearly used or used up."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.domain.budgets import Budget, BudgetPeriod, BudgetScope, BudgetUnit, BudgetUsage
from bot.domain.notices import Notice
from bot.rendering.budget_text import format_budget_usage
from shared.i18n.messages import Messages


async def render_budget_notice(
    notice: Notice, messages: Messages, guild: discord.Guild | None
) -> Sequence[ui.Item[Any]]:
    """Render a notice: how much is used, of which budget, and when it starts again; of a role's, whose part it is."""
    del guild
    scope, target_id, period, unit, limit = notice.data["budget"]
    used, user_id, percentage = int(notice.data["used"]), int(notice.data["user_id"]), int(notice.data["percentage"])
    # the part of a member with a role is shown as a budget of the member
    owner = BudgetScope.MEMBER if user_id else BudgetScope(scope)
    budget = Budget(
        "", owner, notice.guild_id, user_id or int(target_id), BudgetPeriod(period), BudgetUnit(unit), int(limit)
    )
    is_refusal = percentage == 100 and used < budget.limit  # noqa: PLR2004 - per cent
    heading = messages.text("budget.notice_refused" if is_refusal else f"budget.notice_{percentage}")
    line = format_budget_usage(BudgetUsage(budget, used, int(notice.data["resets_at"])), messages)
    role = f"\n-# {messages.text('budget.notice_role', role=f'<@&{target_id}>')}" if user_id else ""
    return (ui.TextDisplay(f"### {heading}\n{line}{role}"),)
