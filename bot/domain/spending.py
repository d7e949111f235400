"""The spending of the whole bot, as the operator's metrics show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.budgets import BudgetUsage


@dataclass(frozen=True)
class BotSpending:
    """The millionths of a dollar that jobs of today (UTC) have cost, by model, and the usage of the bot's budgets."""

    spent_today: Mapping[str, int]
    budgets: Sequence[BudgetUsage]
