"""The gauges of the bot's spending."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily

from bot.domain.spending import BotSpending
from bot.metrics import definitions as d
from shared.metrics.instruments import build_gauge

_MICRO_USD_PER_USD: Final = 1_000_000


def build_spending_families(spending: BotSpending | None) -> Iterator[GaugeMetricFamily]:
    """Build the gauges; without a reading, only the one that says so."""
    yield build_gauge(d.DATABASE_UP, [((), float(spending is not None))])
    if spending is None:
        return
    amounts = spending.spent_today.items()
    yield build_gauge(d.SPENT_TODAY, [((model,), amount / _MICRO_USD_PER_USD) for model, amount in amounts])
    for definition, name in ((d.BUDGET_LIMIT, "limit"), (d.BUDGET_USED, "used")):
        rows = [
            ((usage.budget.period.value,), (usage.budget.limit if name == "limit" else usage.used))
            for usage in spending.budgets
        ]
        yield build_gauge(definition, [(labels, amount / _MICRO_USD_PER_USD) for labels, amount in rows])
