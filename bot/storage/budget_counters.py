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
    BudgetExceededError,
    BudgetPeriod,
    BudgetScope,
    BudgetUnit,
    Spender,
    choose_budgets,
    get_period_start,
    get_reset_time,
)
from bot.storage.ledger import EntryKind
from bot.storage.tables import budget_counters, budgets, guild_settings, ledger_entries

_KEY: Final[BindParameter[str]] = bindparam("target_key")
_AMOUNT: Final[BindParameter[int]] = bindparam("amount")
_LIMIT: Final[BindParameter[int]] = bindparam("most")
_NEW_USED: Final = budget_counters.c.used + _AMOUNT
_CHARGE: Final = (
    update(budget_counters).where(budget_counters.c.key == _KEY, _NEW_USED <= _LIMIT).values(used=_NEW_USED)
)
_SELECT_USED: Final = select(budget_counters.c.used).where(budget_counters.c.key == _KEY)
_INSERT_UNLESS_THERE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "sqlite": sqlite.insert(budget_counters).on_conflict_do_nothing(),
        "postgresql": postgresql.insert(budget_counters).on_conflict_do_nothing(),
    }
)
_IS_ADJUSTMENT: Final = ledger_entries.c.kind == EntryKind.ADJUSTMENT
_AMOUNTS_USED: Final[Mapping[BudgetUnit, ColumnElement[int]]] = MappingProxyType(
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
_GUILD_ID: Final[BindParameter[int]] = bindparam("target_guild_id")
UTC_ZONE: Final = ZoneInfo("UTC")
_SELECT_TIME_ZONE: Final = select(guild_settings.c.time_zone).where(guild_settings.c.guild_id == _GUILD_ID)
_SELECT_BUDGETS: Final = select(budgets).where(budgets.c.guild_id == _GUILD_ID)


def charge_budgets(
    connection: Connection,
    bot_budgets: Sequence[Budget],
    spender: Spender,
    prices: Sequence[int],
    now: float,
) -> dict[str, BudgetUnit]:
    """Add these prices to the counters of all budgets that apply, and return the counters with their units.

    The days of `bot_budgets` begin in UTC, those of a guild in its time zone. Raises `BudgetExceededError`: the
    transaction is then to be rolled back.
    """
    moment = datetime.fromtimestamp(now, UTC)
    chosen = list_applicable_budgets(connection, bot_budgets, spender)
    time_zone = load_time_zone(connection, spender.guild_id) if len(chosen) > len(bot_budgets) else UTC_ZONE
    counters: dict[str, BudgetUnit] = {}
    for budget in sorted(chosen, key=lambda budget: budget.id):  # one order for all: otherwise two could deadlock
        zone = UTC_ZONE if budget.scope is BudgetScope.BOT else time_zone
        period_start = get_period_start(budget.period, moment, zone)
        key = budget.build_counter_key(spender.user_id, period_start)
        values = {_KEY.key: key, _AMOUNT.key: budget.measure(prices), _LIMIT.key: budget.limit}
        if not connection.execute(_CHARGE, values).rowcount:
            used = read_used(connection, budget, spender.user_id, moment, zone)
            connection.execute(_INSERT_UNLESS_THERE[connection.dialect.name], {"key": key, "used": used})
            if not connection.execute(_CHARGE, values).rowcount:
                raise BudgetExceededError(
                    budget, used, budget.measure(prices), get_reset_time(budget.period, period_start, zone)
                )
        counters[key] = budget.unit
    return counters


def list_applicable_budgets(connection: Connection, bot_budgets: Sequence[Budget], spender: Spender) -> list[Budget]:
    """List the budgets that apply to a person's requests in a channel."""
    targets = {spender.guild_id, spender.channel_id, spender.user_id, *spender.role_ids}
    query = _SELECT_BUDGETS.where(budgets.c.target_id.in_(targets))
    rows = connection.execute(query, {_GUILD_ID.key: spender.guild_id})
    return choose_budgets([*bot_budgets, *map(parse_budget, rows)], spender)


def read_used(connection: Connection, budget: Budget, user_id: int, now: datetime, time_zone: ZoneInfo) -> int:
    """Read how much of a budget is used in the current period, from its counter or else from the ledger.

    An adjustment is for one member: it counts in their own budget and in that of their role.
    """
    period_start = get_period_start(budget.period, now, time_zone)
    key = budget.build_counter_key(user_id, period_start)
    used = connection.execute(_SELECT_USED, {_KEY.key: key}).scalar()
    if used is not None:
        return int(used)
    midnight = datetime(period_start.year, period_start.month, period_start.day, tzinfo=time_zone)
    query = select(func.sum(_AMOUNTS_USED[budget.unit])).where(
        _build_scope_condition(budget, user_id), ledger_entries.c.counted_at >= midnight.timestamp()
    )
    return int(connection.execute(query).scalar() or 0)


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


def parse_budget(row: Any) -> Budget:
    """Parse a row of `budgets`."""
    return Budget(
        id=row.id,
        scope=BudgetScope(row.scope),
        guild_id=row.guild_id,
        target_id=row.target_id,
        period=BudgetPeriod(row.period),
        unit=BudgetUnit(row.unit),
        limit=row.limit,
    )
