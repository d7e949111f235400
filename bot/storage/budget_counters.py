"""Counters of the use of each budget in a period, so that accepting a job need not add up the ledger.

A counter is what the entries of the ledger in the scope and the period of its budget add up to, at any moment; in that
of a role, without what a member used while they lacked the role. It can be deleted at any time: it is added up again
when it is needed.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
)

from bot.domain.budgets import (
    UTC_ZONE,
    Budget,
    BudgetPeriod,
    BudgetScope,
    BudgetUnit,
    Spender,
    choose_limits,
    counts_requests_of,
)
from bot.storage.ledger import SELECT_OPEN_RESERVATIONS, EntryKind, lock_ledger, parse_counters, set_counters
from bot.storage.tables import budget_counters, budgets, guild_settings, ledger_entries
from shared.unreadable import UnreadableRowLog

COUNTER_DAYS: Final = 40  # longer than the longest period, in any time zone

_unreadable_rows: Final = UnreadableRowLog(logging.getLogger(__name__))
_KEYS: Final[BindParameter[Any]] = bindparam("keys", expanding=True)
_SELECT_COUNTERS: Final = select(budget_counters).where(budget_counters.c.key.in_(_KEYS))
_SELECT_USED: Final = select(budget_counters.c.used).where(budget_counters.c.key == bindparam("target_key"))
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
_SELECT_ALL_BUDGETS: Final = select(
    budgets.c.id,
    budgets.c.scope,
    budgets.c.guild_id,
    budgets.c.target_id,
    budgets.c.period,
    budgets.c.unit,
    budgets.c.limit,
    guild_settings.c.time_zone,
    guild_settings.c.notice_channel_id,
).outerjoin_from(budgets, guild_settings, guild_settings.c.guild_id == budgets.c.guild_id)
_SELECT_GUILD_BUDGETS: Final = _SELECT_ALL_BUDGETS.where(budgets.c.guild_id == _GUILD_ID)
_SELECT_BUDGET: Final = _SELECT_ALL_BUDGETS.where(budgets.c.id == bindparam("target_budget_id"))
_TARGET_IDS: Final[BindParameter[Any]] = bindparam("target_ids", expanding=True)
_SELECT_BUDGETS: Final = _SELECT_GUILD_BUDGETS.where(budgets.c.target_id.in_(_TARGET_IDS))


def create_counter(connection: Connection, bot_budgets: Sequence[Budget], spender: Spender, now: float) -> None:
    """Add one of the counters that are missing for a person's requests, with the sum of the ledger, as a transaction.

    Open reservations that the counter includes remember it, to give their price back to it.
    """
    lock_ledger(connection)
    moment = datetime.fromtimestamp(now, UTC)
    by_key = build_keys(list_counting_budgets(connection, bot_budgets, spender), spender, now)
    for key in by_key.keys() - read_counters(connection, by_key).keys():
        budget = by_key[key]
        used = read_used(connection, budget, spender.user_id, moment)
        connection.execute(insert(budget_counters), {"key": key, "used": used})
        for entry in connection.execute(SELECT_OPEN_RESERVATIONS).all():
            if _includes(budget, spender.user_id, moment, entry):
                set_counters(connection, entry, parse_counters(entry) | {key: budget.unit})
        return


def _includes(budget: Budget, user_id: int, moment: datetime, entry: Any) -> bool:
    """Tell whether the counter of a budget, of this member if it is a role's, includes a reservation."""
    role_ids = frozenset({budget.target_id} if entry.user_id == user_id else ())
    account = Spender(entry.user_id, entry.guild_id, entry.channel_id, role_ids, entry.team_id)
    return (
        counts_requests_of(budget, account)
        and (budget.scope is BudgetScope.BOT or entry.guild_id == budget.guild_id)
        and entry.counted_at >= budget.get_period_start(moment).timestamp()
    )


def delete_old_counters(connection: Connection, now: float) -> int:
    """Delete the counters of periods that began more than `COUNTER_DAYS` days ago, and return their number."""
    first_day = datetime.fromtimestamp(now - COUNTER_DAYS * 86400, UTC).date().isoformat()
    day = func.substr(budget_counters.c.key, func.length(budget_counters.c.key) - len(first_day) + 1)
    return connection.execute(delete(budget_counters).where(day < first_day)).rowcount


def build_keys(counting: Sequence[Budget], spender: Spender, now: float) -> dict[str, Budget]:
    moment = datetime.fromtimestamp(now, UTC)
    return {budget.build_counter_key(spender.user_id, moment): budget for budget in counting}


def read_counters(connection: Connection, keys: Collection[str]) -> dict[str, int]:
    """Read the counters that exist."""
    return {row.key: row.used for row in connection.execute(_SELECT_COUNTERS, {_KEYS.key: list(keys)})}


def list_applicable_budgets(connection: Connection, bot_budgets: Sequence[Budget], spender: Spender) -> list[Budget]:
    """List the budgets that limit a person's requests in a channel."""
    return choose_limits(list_counting_budgets(connection, bot_budgets, spender))


def list_counting_budgets(connection: Connection, bot_budgets: Sequence[Budget], spender: Spender) -> list[Budget]:
    """List the budgets in which a person's requests in a channel count."""
    targets = {spender.guild_id, spender.channel_id, spender.user_id, *spender.role_ids, spender.team_id or 0}
    rows = connection.execute(_SELECT_BUDGETS, {_GUILD_ID.key: spender.guild_id, _TARGET_IDS.key: list(targets)})
    found = (_parse_budget(row) for row in rows)
    return [*bot_budgets, *(budget for budget in found if counts_requests_of(budget, spender))]


def load_budget(connection: Connection, budget_id: str) -> Budget | None:
    """Load a budget of a guild; None if it was removed."""
    row = connection.execute(_SELECT_BUDGET, {"target_budget_id": budget_id}).one_or_none()
    return None if row is None else _parse_budget(row)


def list_guild_budgets(
    connection: Connection, guild_id: int, *, offset: int = 0, limit: int | None = None
) -> list[Budget]:
    """List budgets of a guild, all by default."""
    order = (budgets.c.scope, budgets.c.target_id, budgets.c.period, budgets.c.unit)
    query = _SELECT_GUILD_BUDGETS.order_by(*order).offset(offset).limit(limit)
    return [_parse_budget(row) for row in connection.execute(query, {_GUILD_ID.key: guild_id})]


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
        _is_counted_since(budget, now),
    )
    return int(connection.execute(query).scalar() or 0)


def load_time_zone(connection: Connection, guild_id: int) -> ZoneInfo:
    """Load the time zone in which the days of a guild begin; UTC by default."""
    return parse_time_zone(connection.execute(_SELECT_TIME_ZONE, {_GUILD_ID.key: guild_id}).scalar())


def parse_time_zone(name: str | None) -> ZoneInfo:
    """Find the zone of this name; UTC for none, and for one that this host does not know."""
    try:
        return UTC_ZONE if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        _unreadable_rows.report(f"the time zone {name}", error)
        return UTC_ZONE


def _is_counted_since(budget: Budget, now: datetime) -> ColumnElement[bool]:
    """Match the entries that count in the current period."""
    return ledger_entries.c.counted_at >= budget.get_period_start(now).timestamp()


def _build_scope_condition(budget: Budget, user_id: int) -> ColumnElement[bool]:
    in_guild = ledger_entries.c.guild_id == budget.guild_id
    for_no_team = ledger_entries.c.team_id.is_(None)
    match budget.scope:
        case BudgetScope.BOT:
            return ~_IS_ADJUSTMENT
        case BudgetScope.GUILD:
            return in_guild & ~_IS_ADJUSTMENT
        case BudgetScope.CHANNEL:
            return in_guild & ~_IS_ADJUSTMENT & (ledger_entries.c.channel_id == budget.target_id)
        case BudgetScope.ROLE:
            return in_guild & for_no_team & (ledger_entries.c.user_id == user_id)
        case BudgetScope.MEMBER:
            return in_guild & for_no_team & (ledger_entries.c.user_id == budget.target_id)
        case BudgetScope.TEAM:
            return in_guild & (ledger_entries.c.team_id == budget.target_id)


def _parse_budget(row: Any) -> Budget:
    budget_id, scope, guild_id, target_id, period, unit, limit, zone, notice_channel_id = row
    return Budget(
        budget_id,
        BudgetScope(scope),
        guild_id,
        target_id,
        BudgetPeriod(period),
        BudgetUnit(unit),
        limit,
        parse_time_zone(zone),
        notice_channel_id,
    )
