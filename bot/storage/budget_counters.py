"""Counters of the use of each budget in a period, so that accepting a job need not add up the ledger."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, case, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.budgets import (
    Budget,
    BudgetPeriod,
    BudgetScope,
    BudgetUnit,
    Spender,
    choose_budgets,
)
from bot.storage.ledger import EntryKind
from bot.storage.tables import budget_counters, budgets, guild_settings, ledger_entries

_KEYS: Final[BindParameter[Any]] = bindparam("keys", expanding=True)
_AMOUNT: Final[BindParameter[int]] = bindparam("amount")
_IS_CHOSEN: Final = budget_counters.c.key.in_(_KEYS)
_LOCK_COUNTERS: Final = select(budget_counters).where(_IS_CHOSEN).order_by(budget_counters.c.key).with_for_update()
_CHARGE: Final = update(budget_counters).where(_IS_CHOSEN).values(used=budget_counters.c.used + _AMOUNT)
_SELECT_USED: Final = select(budget_counters.c.used).where(budget_counters.c.key == bindparam("target_key"))
_INSERT_UNLESS_THERE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "sqlite": sqlite.insert(budget_counters).on_conflict_do_nothing(),
        "postgresql": postgresql.insert(budget_counters).on_conflict_do_nothing(),
    }
)
_IS_ADJUSTMENT: Final = ledger_entries.c.kind == EntryKind.ADJUSTMENT
AMOUNTS_USED: Final[Mapping[BudgetUnit, ColumnElement[int]]] = MappingProxyType(
    {
        BudgetUnit.USD: ledger_entries.c.reserved + ledger_entries.c.spent,
        BudgetUnit.PICTURES: case(
            (ledger_entries.c.kind == EntryKind.RESERVATION, 1),
            (ledger_entries.c.kind == EntryKind.RELEASE, -1),
            (_IS_ADJUSTMENT, ledger_entries.c.calls),
            else_=0,
        ),
    }
)
"""How much an entry adds to the usage of a budget, in each unit."""
_GUILD_ID: Final[BindParameter[int]] = bindparam("target_guild_id")
_SELECT_TIME_ZONE: Final = select(guild_settings.c.time_zone).where(guild_settings.c.guild_id == _GUILD_ID)
_TARGET_IDS: Final[BindParameter[Any]] = bindparam("target_ids", expanding=True)
_SELECT_GUILD_BUDGETS: Final = (
    select(budgets, guild_settings.c.time_zone)
    .outerjoin(guild_settings, guild_settings.c.guild_id == budgets.c.guild_id)
    .where(budgets.c.guild_id == _GUILD_ID)
)
_SELECT_BUDGETS: Final = _SELECT_GUILD_BUDGETS.where(budgets.c.target_id.in_(_TARGET_IDS))


def charge_budgets(
    connection: Connection,
    bot_budgets: Sequence[Budget],
    spender: Spender,
    prices: Sequence[int],
    now: float,
) -> dict[str, BudgetUnit]:
    """Add these prices to the counters of all budgets that apply, and return the counters with their units.

    Raises `BudgetExceededError`: the transaction is then to be rolled back.
    """
    moment = datetime.fromtimestamp(now, UTC)
    lock_time_zone(connection, spender.guild_id, is_shared=True)
    chosen = list_applicable_budgets(connection, bot_budgets, spender)
    by_key = {budget.build_counter_key(spender.user_id, moment): budget for budget in chosen}
    if not by_key:
        return {}
    used = _lock_counters(connection, list(by_key))
    missing = sorted(by_key.keys() - used.keys())  # in one order for all: otherwise two could deadlock
    for key in missing:
        row = {"key": key, "used": read_used(connection, by_key[key], spender.user_id, moment)}
        connection.execute(_INSERT_UNLESS_THERE[connection.dialect.name], row)
    if missing:
        used = _lock_counters(connection, list(by_key))
    for key, budget in by_key.items():
        budget.build_usage(used[key], moment).require_room(prices)
    for unit in BudgetUnit:
        keys = [key for key, budget in by_key.items() if budget.unit is unit]
        if keys:
            connection.execute(_CHARGE, {_KEYS.key: keys, _AMOUNT.key: by_key[keys[0]].measure(prices)})
    return {key: budget.unit for key, budget in by_key.items()}


def _lock_counters(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    """Lock these counters until the transaction ends, and return those that exist. SQLite is locked as a whole."""
    return {row.key: row.used for row in connection.execute(_LOCK_COUNTERS, {_KEYS.key: keys})}


def list_applicable_budgets(connection: Connection, bot_budgets: Sequence[Budget], spender: Spender) -> list[Budget]:
    """List the budgets that apply to a person's requests in a channel."""
    targets = {spender.guild_id, spender.channel_id, spender.user_id, *spender.role_ids}
    rows = connection.execute(_SELECT_BUDGETS, {_GUILD_ID.key: spender.guild_id, _TARGET_IDS.key: list(targets)})
    return choose_budgets([*bot_budgets, *map(_parse_budget, rows)], spender)


def list_guild_budgets(connection: Connection, guild_id: int) -> list[Budget]:
    """List all budgets of a guild."""
    order = (budgets.c.scope, budgets.c.target_id, budgets.c.period, budgets.c.unit)
    return [
        _parse_budget(row)
        for row in connection.execute(_SELECT_GUILD_BUDGETS.order_by(*order), {_GUILD_ID.key: guild_id})
    ]


def read_used(connection: Connection, budget: Budget, user_id: int, now: datetime) -> int:
    """Read how much of a budget is used in the current period, from its counter or else from the ledger.

    An adjustment is for one member: it counts in their own budget and in that of their role.
    """
    key = budget.build_counter_key(user_id, now)
    used = connection.execute(_SELECT_USED, {"target_key": key}).scalar()
    if used is not None:
        return int(used)
    query = select(func.sum(AMOUNTS_USED[budget.unit])).where(
        _build_scope_condition(budget, user_id),
        ledger_entries.c.kind.in_(EntryKind),  # for the index of guilds
        ledger_entries.c.counted_at >= budget.get_period_start(now).timestamp(),
    )
    return int(connection.execute(query).scalar() or 0)


def lock_time_zone(connection: Connection, guild_id: int, *, is_shared: bool) -> None:
    """Lock the time zone of a guild until the transaction ends: shared by all that count in it, or to change it.

    SQLite is locked as a whole. https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
    """
    if guild_id and connection.dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock_shared if is_shared else func.pg_advisory_xact_lock
        connection.execute(select(lock(guild_id)))


def load_time_zone(connection: Connection, guild_id: int) -> ZoneInfo:
    """Load the time zone in which the days of a guild begin; UTC by default."""
    return ZoneInfo(connection.execute(_SELECT_TIME_ZONE, {_GUILD_ID.key: guild_id}).scalar() or "UTC")


def _build_scope_condition(budget: Budget, user_id: int) -> ColumnElement[bool]:
    in_guild = ledger_entries.c.guild_id == budget.guild_id
    match budget.scope:
        case BudgetScope.BOT:
            return ~_IS_ADJUSTMENT
        case BudgetScope.GUILD:
            return in_guild & ~_IS_ADJUSTMENT
        case BudgetScope.CHANNEL:
            return in_guild & ~_IS_ADJUSTMENT & (ledger_entries.c.channel_id == budget.target_id)
        case BudgetScope.ROLE:
            return in_guild & (ledger_entries.c.user_id == user_id)
        case BudgetScope.MEMBER:
            return in_guild & (ledger_entries.c.user_id == budget.target_id)


def _parse_budget(row: Any) -> Budget:
    return Budget(
        id=row.id,
        scope=BudgetScope(row.scope),
        guild_id=row.guild_id,
        target_id=row.target_id,
        period=BudgetPeriod(row.period),
        unit=BudgetUnit(row.unit),
        limit=row.limit,
        time_zone=ZoneInfo(row.time_zone or "UTC"),
    )
