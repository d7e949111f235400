"""Charging budgets for requests: in the transaction that accepts them, or when one ends that was not charged before."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import BindParameter, Connection, bindparam, update

from bot.domain.budgets import Budget, BudgetUnit, Spender, choose_limits, require_room
from bot.storage.budget_counters import build_keys, create_counters, list_counting_budgets, read_counters
from bot.storage.ledger import change_counters, get_requester_account, reserve_prices, settle_job, share_ledger
from bot.storage.session import Database
from bot.storage.tables import budget_counters
from shared.errors import PentimentoError
from shared.job import Job

_KEY: Final[BindParameter[str]] = bindparam("charged_key")
_CHARGE: Final[BindParameter[int]] = bindparam("charge")
_LIMIT: Final[BindParameter[int]] = bindparam("limit")
_NO_LIMIT: Final = 2**62
_CHARGE_COUNTER: Final = (
    update(budget_counters)
    .where(budget_counters.c.key == _KEY, budget_counters.c.used + _CHARGE <= _LIMIT)
    .values(used=budget_counters.c.used + _CHARGE)
)


class NotChargedError(PentimentoError):
    """Budgets were not charged, and nothing is to be stored: `prepare_budgets` finds out why."""


def charge_budgets(
    connection: Connection, bot_budgets: Sequence[Budget], spender: Spender, prices: Sequence[int], now: float
) -> dict[str, BudgetUnit]:
    """Add these prices to the counters of all budgets in which they count, and return the counters with their units.

    Raises `NotChargedError`, if one has no counter yet or not as much left: the transaction is then to be rolled back.
    """
    share_ledger(connection)
    counting = list_counting_budgets(connection, bot_budgets, spender)
    if not counting:
        return {}
    by_key = build_keys(counting, spender, now)
    limits = set(map(id, choose_limits(counting)))
    charges = [
        {
            _KEY.key: key,
            _CHARGE.key: budget.measure(prices),
            _LIMIT.key: budget.limit if id(budget) in limits else _NO_LIMIT,
        }
        for key, budget in sorted(by_key.items())  # in one order for all: otherwise two transactions could deadlock
    ]
    if connection.execute(_CHARGE_COUNTER, charges).rowcount < len(charges):
        raise NotChargedError
    return {key: budget.unit for key, budget in by_key.items()}


async def prepare_budgets(
    database: Database, bot_budgets: Sequence[Budget], spender: Spender, prices: Sequence[int], now: float
) -> None:
    """Find out why budgets were not charged, and add the counters that are missing.

    Raises `BudgetExceededError` if one has less left than these prices, and `DATABASE_ERRORS`.
    """

    def check(connection: Connection) -> bool:
        return _check_budgets(connection, bot_budgets, spender, prices, now)

    if not await database.run_transaction(check):
        await database.run_transaction(lambda connection: create_counters(connection, bot_budgets, spender, now))


def settle_without_reservation(
    connection: Connection, bot_budgets: Sequence[Budget], job: Job, price: int, billed_calls: int, now: float
) -> None:
    """Reserve the price of a job and settle it: it was accepted without a ledger, or is a dead letter tried again."""
    account = get_requester_account(job)
    by_key = build_keys(list_counting_budgets(connection, bot_budgets, account), account, now)
    change_counters(connection, {key: budget.measure([price]) for key, budget in by_key.items()})
    counters = {key: by_key[key].unit for key in read_counters(connection, by_key)}
    reserve_prices(connection, [job], [price], account, counters, now)
    settle_job(connection, job.id, billed_calls, now)


def _check_budgets(
    connection: Connection, bot_budgets: Sequence[Budget], spender: Spender, prices: Sequence[int], now: float
) -> bool:
    """Tell whether all budgets in which a person's requests count have a counter.

    Raises `BudgetExceededError` if they have, and one has less left than these prices.
    """
    counting = list_counting_budgets(connection, bot_budgets, spender)
    by_key = build_keys(counting, spender, now)
    used = read_counters(connection, by_key)
    if used.keys() != by_key.keys():
        return False
    moment = datetime.fromtimestamp(now, UTC)
    limits = choose_limits(counting)
    keys = [budget.build_counter_key(spender.user_id, moment) for budget in limits]
    require_room([budget.build_usage(used[key], moment) for key, budget in zip(keys, limits, strict=True)], prices)
    return True
