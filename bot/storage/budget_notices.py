"""Notices that a budget is half used, nearly used or used up, in the transaction that uses it.

Each is given once in a period for each limit: what was told is not told again after a reservation was given back.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from bot.domain.budgets import (
    NOTICE_PERCENTAGES,
    Budget,
    BudgetScope,
    BudgetUsage,
    find_crossed_percentage,
    find_next_bound,
    parse_counter_key,
)
from bot.domain.notices import NO_CHANNEL, NoticeKind
from bot.storage.budget_counters import load_budget, read_counters
from bot.storage.ledger import find_reservation, parse_counters
from bot.storage.notice_bounds import Bounds
from bot.storage.notices import add_notice
from bot.storage.tables import notices

log = logging.getLogger(__name__)

NO_BOUND: Final = 2**62
REFUSAL_PERCENTAGE: Final = 80
"""A request is refused because a budget is used up if as much of it is used, else because it asks for too much."""


def add_crossing_notices(
    connection: Connection, charges: Mapping[str, tuple[Budget, int]], user_id: int, now: float
) -> Bounds:
    """Add the notices of budgets to whose counters these amounts were just added, by the keys of the counters.

    Return the use of each that is told next.
    """
    told = {key: charge for key, charge in charges.items() if is_told(charge[0])}
    if not told:
        return {}
    used, bounds = read_counters(connection, told), {}
    for key, (budget, amount) in told.items():
        after = used.get(key, 0)
        percentage = find_crossed_percentage(budget.limit, after - amount, after)
        if percentage is not None:
            usage = budget.build_usage(after, datetime.fromtimestamp(now, UTC))
            _add_notice(connection, key, usage, user_id, percentage, now)
        bounds[key, budget.limit] = find_next_bound(budget.limit, after) or NO_BOUND
    return bounds


def add_refusal_notice(connection: Connection, usage: BudgetUsage, user_id: int, now: float) -> None:
    """Add the notice that a budget is used up, as it has too little left for a request that was refused."""
    if not is_told(usage.budget) or usage.used * 100 < usage.budget.limit * REFUSAL_PERCENTAGE:
        return
    key = usage.budget.build_counter_key(user_id, datetime.fromtimestamp(now, UTC))
    _add_notice(connection, key, usage, user_id, NOTICE_PERCENTAGES[0], now)


def add_settlement_notices(
    connection: Connection, bot_budgets: Sequence[Budget], job_id: str, billed_calls: int, now: float
) -> None:
    """Add the notices of budgets of which a job that was just settled used more than it had reserved."""
    row = find_reservation(connection, job_id) if billed_calls > 1 else None
    if row is None:
        return
    bot_budgets_by_id = {budget.id: budget for budget in bot_budgets}
    charges = {}
    for key in parse_counters(row):
        budget_id, _ = parse_counter_key(key)
        budget = bot_budgets_by_id.get(budget_id) or load_budget(connection, budget_id)
        if budget is not None and (amount := budget.measure([row.reserved] * billed_calls)):
            charges[key] = budget, amount - budget.measure([row.reserved])
    add_crossing_notices(connection, charges, row.user_id, now)


def is_told(budget: Budget) -> bool:
    """Tell whether anybody is told of a budget: the operator of the whole bot's, else a channel of its guild."""
    return budget.scope is BudgetScope.BOT or budget.notice_channel_id is not None


def _add_notice(
    connection: Connection, key: str, usage: BudgetUsage, user_id: int, percentage: int, now: float
) -> None:
    """Add a notice, unless it or one of more was given before. The operator's is a line in the log."""
    budget = usage.budget
    digest = hashlib.sha256(f"{key}:{budget.limit}".encode()).hexdigest()  # the key of a role's counter names a member
    prefix = f"budget:{digest}"
    higher = [f"{prefix}:{other}" for other in NOTICE_PERCENTAGES if other >= percentage]
    if connection.execute(select(notices.c.id).where(notices.c.unique_key.in_(higher)).limit(1)).first() is not None:
        return
    data: dict[str, Any] = {
        "budget": [budget.scope, budget.target_id, budget.period, budget.unit, budget.limit],
        "used": usage.used,
        "resets_at": usage.resets_at,
        "percentage": percentage,
        "user_id": user_id if budget.scope is BudgetScope.ROLE else 0,
    }
    channel_id = budget.notice_channel_id or NO_CHANNEL
    closed_at = now if budget.scope is BudgetScope.BOT else None
    kind, unique_key = NoticeKind.BUDGET, f"{prefix}:{percentage}"
    is_new = add_notice(connection, unique_key, budget.guild_id, channel_id, kind, data, now, closed_at=closed_at)
    if is_new and budget.scope is BudgetScope.BOT:
        facts = (percentage, budget.limit / 1e6, budget.period, usage.used / 1e6)
        log.warning("%d %% of the bot's budget of $%.2f per %s is used: $%.2f are spent or reserved", *facts)
