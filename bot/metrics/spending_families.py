"""The gauges of the bot's spending."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily

from bot.domain.budgets import MICRO_USD_PER_USD
from bot.domain.spending import BotSpending
from bot.metrics import definitions as d
from shared.metrics.instruments import build_gauge


def build_spending_families(spending: BotSpending | None) -> Iterator[GaugeMetricFamily]:
    """Build the gauges; without a reading, only the one that says so."""
    yield build_gauge(d.DATABASE_UP, [((), float(spending is not None))])
    if spending is None:
        return
    amounts = spending.spent_today.items()
    yield build_gauge(d.SPENT_TODAY, [((model,), amount / MICRO_USD_PER_USD) for model, amount in amounts])
    budgets = [((usage.budget.period.value,), usage) for usage in spending.budgets]
    yield build_gauge(d.BUDGET_LIMIT, [(labels, usage.budget.limit / MICRO_USD_PER_USD) for labels, usage in budgets])
    yield build_gauge(d.BUDGET_USED, [(labels, usage.used / MICRO_USD_PER_USD) for labels, usage in budgets])
