"""Random interleavings of two bots on one ledger: no order of events exceeds a budget or leaks a reservation.

After every step, the counters of budgets are compared with sums of the ledger that the test makes by itself.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select

from bot.domain.budgets import (
    Budget,
    BudgetExceededError,
    BudgetPeriod,
    BudgetScope,
    BudgetUnit,
    Spender,
    choose_limits,
    counts_requests_of,
    get_period_start,
)
from bot.domain.guild_settings import GuildSettings
from bot.storage.budget_counters import delete_old_counters
from bot.storage.budgets import SqlBudgetStore
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import OPEN_STATES, budget_counters, budgets, jobs, ledger_entries
from bot.storage.tables.metadata import metadata
from shared.catalogue import Catalogue
from shared.job import Job, TeamRef
from shared.outcome import Failed, Filtered, FilteredPart, Outcome
from shared.problems import make_problem
from tests.support.builders import ADA_ID, BEN_ID, GENERATED, Clock, make_finished_status, make_job_by

GUILD, CHANNELS, ROLES, TEAM, PRICE = 1, (2, 3), (4, 5), 4, 80_000
BOT_BUDGET = Budget("bot-day", BudgetScope.BOT, 0, 0, BudgetPeriod.DAY, BudgetUnit.USD, 9 * PRICE)
ZONES = ("UTC", "Pacific/Auckland", "America/New_York")
OUTCOMES: tuple[Outcome | None, ...] = (
    GENERATED,
    Failed(problem=make_problem("quota_exceeded")),
    Filtered(part=FilteredPart.PROMPT, duration_seconds=1),
    Filtered(part=FilteredPart.OUTPUT, duration_seconds=1),
)
TARGETS = [
    (BudgetScope.GUILD, GUILD),
    (BudgetScope.CHANNEL, CHANNELS[0]),
    *((BudgetScope.ROLE, role) for role in ROLES),
    (BudgetScope.MEMBER, ADA_ID),
    (BudgetScope.TEAM, TEAM),
]

ROLES_OF: Mapping[int, frozenset[int]] = {ADA_ID: frozenset(ROLES), BEN_ID: frozenset(ROLES[:1])}
spenders = st.builds(
    lambda user_id, channel_id, team_id: Spender(user_id, GUILD, channel_id, ROLES_OF[user_id], team_id),
    st.sampled_from((ADA_ID, BEN_ID)),
    st.sampled_from(CHANNELS),
    st.sampled_from((None, TEAM)),
)
any_budget = st.builds(
    lambda target, period, unit, count: Budget(
        "", target[0], GUILD, target[1], period, unit, count * PRICE if unit is BudgetUnit.USD else count
    ),
    st.sampled_from(TARGETS),
    st.sampled_from(BudgetPeriod),
    st.sampled_from(BudgetUnit),
    st.integers(0, 6),
)
bots, delays = st.sampled_from((0, 1)), st.integers(0, 30)
which_job = st.integers(0, 9)
actions: Mapping[str, st.SearchStrategy[tuple[Any, ...]]] = {
    "accept": st.tuples(st.just("accept"), bots, spenders, st.integers(1, 3)),
    "finish": st.tuples(st.just("finish"), bots, which_job, st.sampled_from(OUTCOMES)),
    "reject": st.tuples(st.just("reject"), bots, which_job),
    "set": st.tuples(st.just("set"), bots, any_budget),
    "remove": st.tuples(st.just("remove"), bots, any_budget),
    "grant": st.tuples(st.just("grant"), bots, spenders, st.sampled_from(BudgetUnit), st.integers(-2, 2)),
    "kill": st.tuples(
        st.just("kill"), st.sampled_from(("accept", "finish")).flatmap(lambda name: actions[name]), delays
    ),
    "repeat": st.tuples(st.just("repeat"), which_job),
    "wait": st.tuples(st.just("wait"), st.integers(1, 20)),
    "zone": st.tuples(st.just("zone"), st.sampled_from(ZONES)),
}


def choose_actions(names: str) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.sampled_from(names.split()).flatmap(lambda name: actions[name])


concurrent = st.lists(
    choose_actions("accept accept accept accept finish finish reject set remove grant"), min_size=2, max_size=4
)
alone = choose_actions("kill kill repeat wait zone").map(lambda action: [action])
first_budgets = st.lists(actions["set"], min_size=2, max_size=5)
steps = st.tuples(
    first_budgets,
    st.lists(st.integers(0, 3).flatmap(lambda number: concurrent if number else alone), min_size=12, max_size=20),
).map(lambda parts: [parts[0], *parts[1]])


@dataclass
class Play:
    """Two bots with one database, and the steps that they take."""

    url: str
    catalogue: Catalogue
    clock: Clock = field(default_factory=Clock)
    databases: list[Database] = field(default_factory=list)
    number: int = 0
    zone: str = "UTC"

    async def run(self, steps: list[list[tuple[Any, ...]]]) -> None:
        self.databases = [Database(self.url) for _ in range(2)]
        try:
            await self.databases[0].migrate()
            await self.databases[0].run_transaction(empty_tables)
            for step in steps:
                await self.take(step)
        finally:
            for database in self.databases:
                await database.close()

    async def take(self, step: list[tuple[Any, ...]]) -> None:
        before = {row.id for row in (await self.read()).jobs}
        match step:
            case [("kill", action, delay)]:
                await self.kill(action, delay)
            case [("wait", hours)]:
                self.clock.now += hours * 3600
            case [("zone", zone)]:
                await self.set_zone(zone)
            case [("repeat", which)]:
                await self.close(0, which, GENERATED, unknown_calls=1)
            case _:
                await asyncio.gather(*(self.act(*action) for action in step))
        state = await self.read()
        state.check_reservations()
        state.check_counters()
        if step[0][0] != "repeat" and not any(action[0] in {"set", "grant"} for action in step):
            state.check_limits(before)

    async def act(self, name: str, bot: int, *arguments: Any) -> None:
        actions: Mapping[str, Callable[..., Coroutine[Any, Any, object]]] = {
            "accept": self.accept,
            "finish": self.close,
            "reject": self.reject,
            "set": lambda bot, budget: self.get_budgets(bot).set_budget(budget, BEN_ID),
            "remove": lambda bot, budget: self.get_budgets(bot).remove_budget(budget),
            "grant": self.grant,
        }
        await actions[name](bot, *arguments)

    async def accept(self, bot: int, spender: Spender, count: int) -> None:
        self.number += 10
        place: Any = {"guild_id": GUILD, "channel_id": spender.channel_id}
        team = None if spender.team_id is None else TeamRef(id=spender.team_id, name="Makers")
        made = [make_job_by(self.number + i, user_id=spender.user_id, **place) for i in range(count)]
        made = [job.model_copy(update={"team": team}) for job in made]
        try:
            await self.get_jobs(bot).add_jobs(made, None, spender)
        except BudgetExceededError:
            return

    async def close(self, bot: int, which: int, outcome: Outcome | None, unknown_calls: int = 0) -> None:
        if (job := await self.choose_open_job(which)) is not None:
            status = make_finished_status(job, outcome, unknown_calls=unknown_calls)
            await self.get_jobs(bot).mark_delivered(status, None)

    async def reject(self, bot: int, which: int) -> None:
        if (job := await self.choose_open_job(which)) is not None:
            await self.get_jobs(bot).mark_rejected(job.id, make_problem("queue_full"))

    async def grant(self, bot: int, spender: Spender, unit: BudgetUnit, count: int) -> None:
        amount = count * PRICE if unit is BudgetUnit.USD else count
        await self.get_budgets(bot).adjust(replace(spender, team_id=None), unit, amount, "granted")

    async def kill(self, action: tuple[Any, ...], delay: int) -> None:
        """Let a bot die in the middle of an action: its transaction is rolled back, or was committed unnoticed."""
        task = asyncio.ensure_future(self.act(*action))
        for _ in range(delay):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        bot = action[1]
        await self.databases[bot].close()
        self.databases[bot] = Database(self.url)

    async def set_zone(self, zone: str) -> None:
        old, new = GuildSettings(time_zone=self.zone), GuildSettings(time_zone=zone)
        await SqlGuildSettingsStore(self.databases[0]).change_settings(GUILD, BEN_ID, old, new)
        await self.databases[0].run_transaction(lambda connection: delete_old_counters(connection, self.clock()))
        self.zone = zone

    async def choose_open_job(self, which: int) -> Job | None:
        records = await self.get_jobs(0).list_open_records()
        return records[which % len(records)].job if records else None

    def get_jobs(self, bot: int) -> SqlJobStore:
        return SqlJobStore(self.databases[bot], catalogue=self.catalogue, bot_budgets=[BOT_BUDGET], clock=self.clock)

    def get_budgets(self, bot: int) -> SqlBudgetStore:
        return SqlBudgetStore(self.databases[bot], bot_budgets=[BOT_BUDGET], clock=self.clock)

    async def read(self) -> "State":
        def read_tables(connection: Connection) -> State:
            tables = (jobs, ledger_entries, budget_counters, budgets)
            rows: list[Any] = [connection.execute(select(table)).all() for table in tables]
            return State(self.clock(), ZoneInfo(self.zone), *rows)

        return await self.databases[0].run_transaction(read_tables)


@dataclass
class State:
    """All rows at one moment, and the sums that they ought to agree with."""

    now: float
    zone: ZoneInfo
    jobs: Any
    entries: Any
    counters: Any
    budgets: Any

    def check_reservations(self) -> None:
        """Each open job has its price reserved, and no job that has ended has anything reserved."""
        open_jobs = {row.id for row in self.jobs if row.state in OPEN_STATES}
        reserved = dict.fromkeys(open_jobs, 0)
        for entry in self.entries:
            if entry.job_id is not None:
                reserved[entry.job_id] = reserved.get(entry.job_id, 0) + entry.reserved
        assert {job: amount for job, amount in reserved.items() if amount} == dict.fromkeys(open_jobs, PRICE)

    def check_counters(self) -> None:
        """Each counter of a current period is what the ledger adds up to."""
        for budget in self.list_budgets():
            for user_id in (ADA_ID, BEN_ID):
                key = budget.build_counter_key(user_id, self.moment)
                for counter in self.counters:
                    if counter.key == key:
                        assert counter.used == self.add_up(budget, user_id), (budget, user_id)

    def check_limits(self, before: set[str]) -> None:
        """No budget that applies to a job which was accepted in this step is exceeded."""
        by_job = {entry.job_id: entry for entry in self.entries if entry.kind == "reservation"}
        for job in self.jobs:
            if job.id not in before:
                entry = by_job[job.id]
                roles = ROLES_OF[job.requester_id]
                spender = Spender(job.requester_id, GUILD, entry.channel_id, roles, entry.team_id)
                counting = [budget for budget in self.list_budgets() if counts_requests_of(budget, spender)]
                for budget in choose_limits(counting):
                    assert self.add_up(budget, spender.user_id) <= budget.limit, budget

    def list_budgets(self) -> list[Budget]:
        names = ("id", "guild_id", "target_id", "limit")
        return [
            BOT_BUDGET,
            *(
                Budget(
                    scope=BudgetScope(row.scope),
                    period=BudgetPeriod(row.period),
                    unit=BudgetUnit(row.unit),
                    time_zone=self.zone,
                    **{name: getattr(row, name) for name in names},
                )
                for row in self.budgets
            ),
        ]

    def add_up(self, budget: Budget, user_id: int) -> int:
        start = get_period_start(budget.period, self.moment, budget.time_zone).timestamp()
        owner = user_id if budget.scope is BudgetScope.ROLE else budget.target_id
        total = 0
        for entry in self.entries:
            is_adjustment = entry.kind == "adjustment"
            counts = (
                entry.counted_at >= start
                and {
                    BudgetScope.BOT: not is_adjustment,
                    BudgetScope.GUILD: not is_adjustment,
                    BudgetScope.CHANNEL: not is_adjustment and entry.channel_id == budget.target_id,
                    BudgetScope.ROLE: entry.team_id is None and entry.user_id == owner,
                    BudgetScope.MEMBER: entry.team_id is None and entry.user_id == owner,
                    BudgetScope.TEAM: entry.team_id == owner,
                }[budget.scope]
            )
            if counts and budget.unit is BudgetUnit.USD:
                total += entry.reserved + entry.spent
            elif counts:
                total += {"reservation": 1, "release": -1, "adjustment": entry.calls}.get(entry.kind, 0)
        return total

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


def empty_tables(connection: Connection) -> None:
    for table in reversed(metadata.sorted_tables):
        if table.name not in {"stored_format", "queue_epoch"}:
            connection.execute(delete(table))


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.generate],  # no order of two bots repeats itself, so that nothing can be made simpler
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=steps)
def test_no_order_of_events_exceeds_a_budget_or_leaks_a_reservation(
    database_url: str, catalogue: Catalogue, steps: list[list[tuple[Any, ...]]]
) -> None:
    asyncio.run(Play(database_url, catalogue).run(steps))
