"""Sentences about budgets."""

import re
from typing import Final

from bot.domain.budgets import BudgetScope, BudgetUsage
from shared.i18n.messages import Messages

_TERMS: Final = re.compile(r"(usd|pictures) (-?\d+)(?: (per (?:day|week|month)))?(?:: (.*))?", re.DOTALL)


def format_budget_terms(written: str, messages: Messages) -> tuple[str, str]:
    """Format the limit of a budget in the audit log, or what was granted, and return it with the reason for it.

    What is written in another way is a reason alone.
    """
    match = _TERMS.fullmatch(written)
    if match is None:
        return "", written
    unit, number, period, reason = match.groups("")
    amount = messages.format_amount(f"{unit} {number.lstrip('-')}")
    amount = f"−{amount}" if number.startswith("-") else amount
    terms = messages.text("budget.terms", limit=amount, period=messages.get_term(period)) if period else amount
    return terms, reason


def format_budget_usage(usage: BudgetUsage, messages: Messages, *, is_of_member: bool = False) -> str:
    """Format a budget in a line: whose it is, how much is left of it, and when it starts again.

    A role's is that of each member with it, of which nothing is left or used, or the usage is that of a member.
    """
    budget = usage.budget
    target = {
        BudgetScope.CHANNEL: f"<#{budget.target_id}>",
        BudgetScope.ROLE: f"<@&{budget.target_id}>",
        BudgetScope.MEMBER: f"<@{budget.target_id}>",
        BudgetScope.TEAM: f"<@&{budget.target_id}>",
    }.get(budget.scope, "")
    facts: dict[str, str | int] = {
        "limit": messages.format_amount(f"{budget.unit} {budget.limit}"),
        "left": messages.format_amount(f"{budget.unit} {usage.left}"),
        "period": messages.get_term(f"per {budget.period}"),
        "resets_at": usage.resets_at,
    }
    key, owner = "budget.line", f"budget.owner_{budget.scope}"
    if budget.scope is BudgetScope.ROLE:
        key, owner = (key, "budget.owner_role_member") if is_of_member else ("budget.role_line", owner)
    return messages.text(key, owner=messages.text(owner, target=target), **facts)
