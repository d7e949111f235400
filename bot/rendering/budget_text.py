"""Sentences about budgets."""

from bot.domain.budgets import BudgetScope, BudgetUsage
from shared.i18n.messages import Messages


def format_budget_usage(usage: BudgetUsage, messages: Messages) -> str:
    """Format a budget in a line: whose it is, how much is left of it, and when it starts again."""
    budget = usage.budget
    target = {
        BudgetScope.CHANNEL: f"<#{budget.target_id}>",
        BudgetScope.ROLE: f"<@&{budget.target_id}>",
        BudgetScope.MEMBER: f"<@{budget.target_id}>",
    }.get(budget.scope, "")
    facts: dict[str, str | int] = {
        "limit": messages.format_amount(f"{budget.unit} {budget.limit}"),
        "left": messages.format_amount(f"{budget.unit} {usage.left}"),
        "period": messages.get_term(f"per {budget.period}"),
        "resets_at": usage.resets_at,
    }
    key = "budget.role_line" if budget.scope is BudgetScope.ROLE else "budget.line"
    return messages.text(key, owner=messages.text(f"budget.owner_{budget.scope}", target=target), **facts)
