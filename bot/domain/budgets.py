"""Budgets: limits on spending, by whom and in which period. Amounts of money are whole millionths of a dollar."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from shared.models import Model
from shared.problems import RejectedError, make_problem

MICRO_USD_PER_USD: Final = 1_000_000
UTC_ZONE: Final = ZoneInfo("UTC")
NOTICE_PERCENTAGES: Final = (100, 80, 50)
"""The parts of a budget whose use is told, the largest first."""


class BudgetScope(StrEnum):
    """Whose spending a budget limits. That of a role limits each member who has it, not all of them together.

    A request for a team is on the budget of the team, not on those of the member and of their roles.
    """

    BOT = "bot"
    GUILD = "guild"
    CHANNEL = "channel"
    ROLE = "role"
    MEMBER = "member"
    TEAM = "team"


class BudgetPeriod(StrEnum):
    """The time after which a budget starts anew: at midnight, on Monday, or on the first of the month."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class BudgetUnit(StrEnum):
    """How a budget counts: in millionths of a dollar, or in pictures."""

    USD = "usd"
    PICTURES = "pictures"


@dataclass(frozen=True)
class Spender:
    """On whose account a request goes: a member with their roles, in a channel of a guild (0 in direct messages).

    `channel_id` is the channel's own, not that of a thread in it. `team_id` is the role of the team that it is for.
    """

    user_id: int
    guild_id: int
    channel_id: int
    role_ids: frozenset[int] = frozenset()
    team_id: int | None = None


@dataclass(frozen=True)
class Budget:
    """A limit for a period, in `unit`s. `target_id` is the guild, channel, role or user; 0 for the whole bot.

    That of a team is its role. The days of a guild's budgets begin in its time zone, those of the whole bot in UTC.
    `notice_channel_id` is the channel that is told how much is used.
    """

    id: str
    scope: BudgetScope
    guild_id: int
    target_id: int
    period: BudgetPeriod
    unit: BudgetUnit
    limit: int
    time_zone: ZoneInfo = UTC_ZONE
    notice_channel_id: int | None = None

    def build_counter_key(self, user_id: int, now: datetime) -> str:
        """Build the key of the counter of the current period; each member of a role has a counter."""
        owner = f"{self.id}:{user_id}" if self.scope is BudgetScope.ROLE else self.id
        return f"{owner}/{self.get_period_start(now).date().isoformat()}"

    def measure(self, prices: Sequence[int]) -> int:
        """Return how much requests with these prices use of the budget."""
        return sum(prices) if self.unit is BudgetUnit.USD else len(prices)

    def get_period_start(self, now: datetime) -> datetime:
        """Return the moment at which the period that `now` lies in began."""
        return get_period_start(self.period, now, self.time_zone)

    def build_usage(self, used: int, now: datetime) -> "BudgetUsage":
        """Build the usage in the period that `now` lies in."""
        return BudgetUsage(self, used, int(self._get_reset_time(now).timestamp()))

    def _get_reset_time(self, now: datetime) -> datetime:
        start = self.get_period_start(now)
        match self.period:
            case BudgetPeriod.DAY:
                next_start = start + timedelta(days=1)
            case BudgetPeriod.WEEK:
                next_start = start + timedelta(days=7)
            case BudgetPeriod.MONTH:
                next_start = (start + timedelta(days=31)).replace(day=1)
        return next_start.astimezone(UTC)


def parse_counter_key(key: str) -> tuple[str, int]:
    """Return the budget's id in the key of a counter, and the member whose counter it is; 0 unless it is a role's."""
    budget_id, _, user_id = key.partition("/")[0].partition(":")
    return budget_id, int(user_id or 0)


@dataclass(frozen=True)
class BudgetUsage:
    """The part of a budget that is spent or reserved in the current period, until `resets_at` (Unix seconds)."""

    budget: Budget
    used: int
    resets_at: int

    @property
    def left(self) -> int:
        """How much is left."""
        return max(self.budget.limit - self.used, 0)

    def count_fitting(self, prices: Sequence[int]) -> int:
        """Count how many of the requests with these prices, from the first on, use no more than is left."""
        room = self.budget.limit - self.used
        return next((n for n in range(len(prices), 0, -1) if self.budget.measure(prices[:n]) <= room), 0)


def require_room(usages: Iterable[BudgetUsage], prices: Sequence[int]) -> None:
    """Raise `BudgetExceededError` if requests with these prices use more than is left of all of these budgets."""
    usage = min(usages, key=lambda other: other.count_fitting(prices), default=None)
    if usage is not None and (fitting := usage.count_fitting(prices)) < len(prices):
        raise BudgetExceededError(usage, usage.budget.measure(prices), fitting)


class BudgetExceededError(RejectedError):
    """Requests would use `needed` of a budget, and less is left: only the first `fitting` of them fit.

    Part of the budget may be reserved for others.
    """

    def __init__(self, usage: BudgetUsage, needed: int, fitting: int) -> None:
        self.usage = usage
        self.fitting = fitting
        budget = usage.budget
        super().__init__(
            make_problem(
                f"over_budget_{budget.scope}",
                needed=f"{budget.unit} {needed}",
                left=f"{budget.unit} {usage.left}",
                limit=f"{budget.unit} {budget.limit}",
                period=f"per {budget.period}",
                resets_at=usage.resets_at,
                fitting=fitting,
            )
        )


def build_bot_budgets(usd_per_day: float | None, usd_per_month: float | None) -> list[Budget]:
    """Build the budgets of the whole bot, in dollars; None is no limit."""
    limits = {BudgetPeriod.DAY: usd_per_day, BudgetPeriod.MONTH: usd_per_month}
    return [
        Budget(f"bot-{period}", BudgetScope.BOT, 0, 0, period, BudgetUnit.USD, to_micro_usd(usd))
        for period, usd in limits.items()
        if usd is not None
    ]


def counts_requests_of(budget: Budget, spender: Spender) -> bool:
    """Tell whether requests count in a budget, though of several roles' budgets only one is a limit."""
    match budget.scope:
        case BudgetScope.BOT:
            return True
        case BudgetScope.GUILD:
            return budget.target_id == spender.guild_id
        case BudgetScope.CHANNEL:
            return budget.target_id == spender.channel_id
        case BudgetScope.ROLE:
            return spender.team_id is None and budget.target_id in spender.role_ids
        case BudgetScope.MEMBER:
            return spender.team_id is None and budget.target_id == spender.user_id
        case BudgetScope.TEAM:
            return budget.target_id == spender.team_id


def choose_limits(budgets: Iterable[Budget]) -> list[Budget]:
    """Choose the budgets that limit a request among those in which it counts: of a kind of roles' only the largest."""
    chosen: list[Budget] = []
    of_roles: dict[tuple[BudgetPeriod, BudgetUnit], Budget] = {}
    for budget in budgets:
        if budget.scope is BudgetScope.ROLE:
            kind = (budget.period, budget.unit)
            of_roles[kind] = max(of_roles.get(kind, budget), budget, key=lambda other: other.limit)
        else:
            chosen.append(budget)
    return [*chosen, *of_roles.values()]


def format_budget_terms(budget: Budget) -> str:
    """Write the limit of a budget for the audit log, such as `usd 5000000 per day`."""
    return f"{budget.unit} {budget.limit} per {budget.period}"


def format_grant_terms(unit: BudgetUnit, amount: int, reason: str) -> str:
    """Write what a member was given for the audit log, such as `pictures -5: …`."""
    return f"{unit} {amount}: {reason}"


def find_next_bound(limit: int, used: int) -> int | None:
    """Find the least use above `used` that is one of the told percentages of a limit; None if there is none."""
    bounds = (-(-limit * part // 100) for part in reversed(NOTICE_PERCENTAGES))
    return next((bound for bound in bounds if bound > used), None)


def find_crossed_percentage(limit: int, before: int, after: int) -> int | None:
    """Find the largest of the told percentages of a limit that its use has just reached; None if it is none."""
    crossed = (part for part in NOTICE_PERCENTAGES if before * 100 < limit * part <= after * 100)
    return next(crossed, None)


def get_period_start(period: BudgetPeriod, now: datetime, time_zone: ZoneInfo) -> datetime:
    """Return the midnight at which the period that `now` lies in began, in the time zone of the guild."""
    midnight = now.astimezone(time_zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    match period:
        case BudgetPeriod.DAY:
            return midnight
        case BudgetPeriod.WEEK:
            return midnight - timedelta(days=midnight.weekday())
        case BudgetPeriod.MONTH:
            return midnight.replace(day=1)


def to_micro_usd(dollars: float) -> int:
    """Convert dollars to whole millionths of a dollar."""
    return round(dollars * MICRO_USD_PER_USD)


def get_price(model: Model | None) -> int:
    """Return the price of a picture in millionths of a dollar; 0 for a model that left the catalogue."""
    return 0 if model is None else to_micro_usd(model.price_usd)
