"""Reads the spending of the whole bot for its metrics."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from bot.domain.budgets import UTC_ZONE, Budget, BudgetPeriod, get_period_start
from bot.domain.spending import BotSpending
from bot.storage.budget_counters import read_used
from bot.storage.ledger import EntryKind
from bot.storage.session import Database
from bot.storage.tables import ledger_entries


@dataclass(frozen=True)
class SqlSpendingReader:
    """Reads what jobs of today have cost, and the budgets of the whole bot. `clock` gives Unix seconds."""

    database: Database
    bot_budgets: Sequence[Budget] = ()
    clock: Callable[[], float] = time.time

    async def load_spending(self) -> BotSpending:
        """Read the spending until now. Raises `DATABASE_ERRORS`."""
        now = datetime.fromtimestamp(self.clock(), UTC)
        since = get_period_start(BudgetPeriod.DAY, now, UTC_ZONE).timestamp()
        query = (
            select(ledger_entries.c.model, func.sum(ledger_entries.c.spent))
            .where(ledger_entries.c.counted_at >= since, ledger_entries.c.kind == EntryKind.SETTLEMENT)
            .group_by(ledger_entries.c.model)
        )

        def read(connection: Connection) -> BotSpending:
            return BotSpending(
                {model: int(spent) for model, spent in connection.execute(query)},
                [budget.build_usage(read_used(connection, budget, 0, now), now) for budget in self.bot_budgets],
            )

        return await self.database.run_transaction(read)
