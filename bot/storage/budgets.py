"""The budgets of guilds: setting them, the rest of each, and adjustments for a member."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from bot.domain.budgets import (
    Budget,
    BudgetScope,
    BudgetUnit,
    BudgetUsage,
    Spender,
)
from bot.storage.budget_counters import (
    delete_old_counters,
    list_applicable_budgets,
    list_guild_budgets,
    load_time_zone,
    read_used,
)
from bot.storage.ledger import add_adjustment, change_counters, lock_ledger, share_ledger
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import budgets


@dataclass(frozen=True)
class SqlBudgetStore:
    """Stored budgets. Every method raises `RejectedError` (database_unavailable), except where it says otherwise.

    `clock` gives Unix seconds.
    """

    database: Database
    bot_budgets: Sequence[Budget] = ()
    clock: Callable[[], float] = time.time

    async def set_budget(self, budget: Budget, set_by: int) -> BudgetUsage:
        """Store a budget, in place of one of the same scope, target, period and unit, and return its usage."""

        def upsert(connection: Connection) -> BudgetUsage:
            lock_ledger(connection)
            budget_id = connection.execute(select(budgets.c.id).where(_is_same_budget(budget))).scalar()
            changes = {"limit": budget.limit, "created_by": set_by, "created_at": self.clock()}
            if budget_id is not None:
                connection.execute(update(budgets).where(budgets.c.id == budget_id).values(changes))
            else:
                budget_id = secrets.token_hex(8)
                connection.execute(insert(budgets).values({"id": budget_id} | _build_identity(budget) | changes))
            stored = replace(budget, id=budget_id, time_zone=load_time_zone(connection, budget.guild_id))
            return self._read_usage(connection, stored, 0)

        with translate_database_errors():
            return await self.database.run_transaction(upsert)

    async def remove_budget(self, budget: Budget) -> int | None:
        """Remove the budget of this scope, target, period and unit, and return its limit; None if there is none."""

        def remove(connection: Connection) -> int | None:
            lock_ledger(connection)
            limit: int | None = connection.execute(select(budgets.c.limit).where(_is_same_budget(budget))).scalar()
            connection.execute(delete(budgets).where(_is_same_budget(budget)))
            return limit

        with translate_database_errors():
            return await self.database.run_transaction(remove)

    async def load_time_zone(self, guild_id: int) -> ZoneInfo:
        """Load the time zone in which the days of a guild begin."""
        with translate_database_errors():
            return await self.database.run_transaction(lambda connection: load_time_zone(connection, guild_id))

    async def list_usage(self, spender: Spender) -> list[BudgetUsage]:
        """List the usage of each budget that applies to a person in a channel, the whole bot's included."""

        def read(connection: Connection) -> list[BudgetUsage]:
            chosen = list_applicable_budgets(connection, self.bot_budgets, spender)
            return [self._read_usage(connection, budget, spender.user_id) for budget in chosen]

        with translate_database_errors():
            return await self.database.run_transaction(read)

    async def list_guild_usage(self, guild_id: int, *, offset: int = 0, limit: int | None = None) -> list[BudgetUsage]:
        """List budgets of a guild, all by default, with the usage of each; a role's has no usage of its own."""

        def read(connection: Connection) -> list[BudgetUsage]:
            found = list_guild_budgets(connection, guild_id, offset=offset, limit=limit)
            return [self._read_usage(connection, budget, 0) for budget in found]

        with translate_database_errors():
            return await self.database.run_transaction(read)

    async def adjust(self, spender: Spender, unit: BudgetUnit, amount: int, reason: str) -> int:
        """Give a member `amount` more, or less if it is negative, in the current period of each of their budgets.

        Returns the number of budgets of the member and of roles that count in this unit.
        """

        def add_entry(connection: Connection) -> int:
            share_ledger(connection)
            add_adjustment(connection, spender, unit, amount, reason, self.clock())
            changed = [
                budget.build_counter_key(spender.user_id, self._get_now())
                for budget in list_guild_budgets(connection, spender.guild_id)
                if budget.unit is unit and _counts_adjustments_for(spender.user_id, budget)
            ]
            change_counters(connection, dict.fromkeys(changed, -amount))
            return len(changed)

        with translate_database_errors():
            return await self.database.run_transaction(add_entry)

    async def delete_old_counters(self) -> int:
        """Delete the counters of past periods, and return their number. Raises `DATABASE_ERRORS`."""
        return await self.database.run_transaction(lambda connection: delete_old_counters(connection, self.clock()))

    def _read_usage(self, connection: Connection, budget: Budget, user_id: int) -> BudgetUsage:
        now = self._get_now()
        return budget.build_usage(read_used(connection, budget, user_id, now), now)

    def _get_now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)


def _counts_adjustments_for(user_id: int, budget: Budget) -> bool:
    """Tell whether adjustments for a member count in a budget; in a role's only if the member has the role."""
    is_own = budget.scope is BudgetScope.MEMBER and budget.target_id == user_id
    return is_own or budget.scope is BudgetScope.ROLE


def _is_same_budget(budget: Budget) -> ColumnElement[bool]:
    return and_(*(budgets.c[name] == value for name, value in _build_identity(budget).items()))


def _build_identity(budget: Budget) -> dict[str, Any]:
    """Return the columns of which there is one budget for each combination."""
    names = ("guild_id", "scope", "target_id", "period", "unit")
    return {name: getattr(budget, name) for name in names}
