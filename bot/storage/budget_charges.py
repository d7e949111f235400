"""Charging budgets for requests: in the transaction that accepts them, or when one ends that was not charged before."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeVar

from sqlalchemy import BindParameter, Connection, bindparam, update

from bot.domain.budgets import Budget, BudgetExceededError, BudgetUnit, Spender, choose_limits, require_room
from bot.storage.budget_counters import build_keys, create_counter, list_counting_budgets, read_counters
from bot.storage.budget_notices import NO_BOUND, add_crossing_notices, add_refusal_notice, is_told
from bot.storage.ledger import (
    Reservation,
    change_counters,
    get_requester_account,
    reserve_prices,
    settle_job,
    share_ledger,
)
from bot.storage.notice_bounds import Bounds, NoticeBounds
from bot.storage.session import Database
from bot.storage.tables import budget_counters
from shared.errors import PentimentoError
from shared.job import Job

T = TypeVar("T")

_KEY: Final[BindParameter[str]] = bindparam("charged_key")
_CHARGE: Final[BindParameter[int]] = bindparam("charge")
_LIMIT: Final[BindParameter[int]] = bindparam("limit")
_CHARGE_COUNTER: Final = (
    update(budget_counters)
    .where(budget_counters.c.key == _KEY, budget_counters.c.used + _CHARGE <= _LIMIT)
    .values(used=budget_counters.c.used + _CHARGE)
)


class NotChargedError(PentimentoError):
    """Budgets were not charged, and nothing is to be stored: `prepare_budgets` finds out why.

    `keys` are those of the bounds that the charge respected.
    """

    def __init__(self, spender: Spender, prices: Sequence[int], keys: Collection[tuple[str, int]]) -> None:
        super().__init__("budgets were not charged")
        self.spender = spender
        self.prices = prices
        self.keys = keys


@dataclass(frozen=True)
class ChargedBudgets:
    """The counters that were charged, with their units, and the bounds of which the charge learned."""

    counters: Mapping[str, BudgetUnit] = field(default_factory=dict)
    bounds: Bounds = field(default_factory=dict)


def charge_budgets(
    connection: Connection,
    bot_budgets: Sequence[Budget],
    spender: Spender,
    prices: Sequence[int],
    now: float,
    known_bounds: NoticeBounds,
) -> ChargedBudgets:
    """Add these prices to the counters of all budgets in which they count, and notices if that is to be told.

    Raises `NotChargedError`, if one has no counter yet or not as much left, or reaches a bound: the transaction is then
    to be rolled back.
    """
    share_ledger(connection)
    counting = list_counting_budgets(connection, bot_budgets, spender)
    if not counting:
        return ChargedBudgets()
    by_key = build_keys(counting, spender, now)
    limits = set(map(id, choose_limits(counting)))
    watched = {key: budget for key, budget in by_key.items() if id(budget) in limits and is_told(budget)}
    bounds = {key: known_bounds.find(key, budget.limit) for key, budget in watched.items()}
    charges = [
        {
            _KEY.key: key,
            _CHARGE.key: budget.measure(prices),
            _LIMIT.key: min(budget.limit if id(budget) in limits else NO_BOUND, (bounds.get(key) or NO_BOUND) - 1),
        }
        for key, budget in sorted(by_key.items())  # in one order for all: otherwise two transactions could deadlock
    ]
    if connection.execute(_CHARGE_COUNTER, charges).rowcount < len(charges):
        raise NotChargedError(spender, prices, [(key, budget.limit) for key, budget in watched.items()])
    unknown = {key: (budget, budget.measure(prices)) for key, budget in watched.items() if bounds[key] is None}
    learned = add_crossing_notices(connection, unknown, spender.user_id, now)
    return ChargedBudgets({key: budget.unit for key, budget in by_key.items()}, learned)


async def run_charging_transaction(
    database: Database,
    bot_budgets: Sequence[Budget],
    bounds: NoticeBounds,
    now: float,
    work: Callable[[Connection], tuple[T, Bounds]],
) -> T:
    """Run `work`, which charges budgets, as a transaction, and anew as long as counters are missing for it.

    `work` returns its result with the bounds that it learned. Raises `BudgetExceededError` if a budget has less left,
    and `DATABASE_ERRORS`.
    """
    while True:
        try:
            result, learned = await database.run_transaction(work)
        except NotChargedError as error:
            bounds.forget(error.keys)
            await prepare_budgets(database, bot_budgets, error.spender, error.prices, now)
        else:
            bounds.add(learned)
            return result


async def prepare_budgets(
    database: Database, bot_budgets: Sequence[Budget], spender: Spender, prices: Sequence[int], now: float
) -> None:
    """Find out why budgets were not charged, and add one of the counters that are missing.

    Raises `BudgetExceededError` if one has less left than these prices, and `DATABASE_ERRORS`.
    """

    def check(connection: Connection) -> bool:
        return _check_budgets(connection, bot_budgets, spender, prices, now)

    try:
        has_all_counters = await database.run_transaction(check)
    except BudgetExceededError as error:
        usage = error.usage
        await database.run_transaction(lambda connection: add_refusal_notice(connection, usage, spender.user_id, now))
        raise
    if not has_all_counters:
        await database.run_transaction(lambda connection: create_counter(connection, bot_budgets, spender, now))


class Bill(NamedTuple):
    """The price of each billed call of a job, and their accounts as `name_billed_accounts` names them."""

    price: int
    billed_calls: int
    accounts: str | None


def settle_without_reservation(
    connection: Connection, bot_budgets: Sequence[Budget], job: Job, bill: Bill, now: float
) -> None:
    """Reserve the price of a job and settle it: it was accepted without a ledger, or is a dead letter tried again."""
    account = get_requester_account(job)
    by_key = build_keys(list_counting_budgets(connection, bot_budgets, account), account, now)
    change_counters(connection, {key: budget.measure([bill.price]) for key, budget in by_key.items()})
    limiting = {key: (budget, budget.measure([bill.price])) for key, budget in by_key.items()}
    add_crossing_notices(connection, limiting, account.user_id, now)
    counters = {key: by_key[key].unit for key in read_counters(connection, by_key)}
    reserve_prices(connection, [Reservation(job.id, job.request.model, bill.price)], account, counters, now)
    settle_job(connection, job.id, bill.billed_calls, now, bill.accounts)


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
