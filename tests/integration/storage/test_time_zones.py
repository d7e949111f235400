"""A guild changes its time zone inside a day: nothing is granted twice, and nothing that was spent is lost."""

import asyncio
import threading
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from bot.domain.budgets import Budget, BudgetExceededError, BudgetPeriod, BudgetScope, BudgetUnit, Spender
from bot.storage.budget_charges import charge_budgets, prepare_budgets
from bot.storage.budgets import SqlBudgetStore
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.jobs import SqlJobStore
from bot.storage.ledger import Reservation, reserve_prices
from bot.storage.notice_bounds import NoticeBounds
from bot.storage.session import Database
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import Failed
from shared.problems import make_problem
from tests.support.builders import ADA_ID, BEN_ID, GENERATED, Clock, make_finished_status, make_job_by

GUILD, CHANNEL, ROLE = 1, 2, 4
PRICE = 80_000
ADA = Spender(ADA_ID, GUILD, CHANNEL, frozenset({ROLE}))
HOUR = 3600
MIDNIGHT = 1_782_518_400.0  # 2026-06-27 00:00 UTC, 02:00 in Paris, 12:00 in Auckland
BUSY = Failed(problem=make_problem("quota_exceeded"))
TARGETS = {
    BudgetScope.GUILD: GUILD,
    BudgetScope.CHANNEL: CHANNEL,
    BudgetScope.ROLE: ROLE,
    BudgetScope.MEMBER: ADA_ID,
}


@pytest.fixture
def budget_store(database: Database, clock: Clock) -> SqlBudgetStore:
    return SqlBudgetStore(database, clock=clock)


@pytest.fixture
def guild_settings(database: Database, clock: Clock) -> SqlGuildSettingsStore:
    return SqlGuildSettingsStore(database, clock=clock)


async def set_zone(store: SqlGuildSettingsStore, zone: str | None) -> None:
    old = await store.load_settings(GUILD)
    await store.change_settings(GUILD, BEN_ID, old, replace(old, time_zone=zone))


async def accept(job_store: SqlJobStore, number: int) -> Job:
    job = make_job_by(number, user_id=ADA_ID)
    assert await job_store.add_jobs([job], None, ADA)
    return job


async def finish(job_store: SqlJobStore, job: Job, outcome: object = GENERATED) -> None:
    await job_store.mark_delivered(make_finished_status(job, outcome), None)  # type: ignore[arg-type]


async def read_used(budget_store: SqlBudgetStore) -> set[int]:
    return {usage.used for usage in await budget_store.list_usage(ADA)}


async def set_budgets(budget_store: SqlBudgetStore, limit: int, unit: BudgetUnit = BudgetUnit.USD) -> None:
    for scope, target in TARGETS.items():
        await budget_store.set_budget(Budget("", scope, GUILD, target, BudgetPeriod.DAY, unit, limit), BEN_ID)


async def test_the_day_that_a_zone_makes_of_the_present_one_has_all_that_was_spent_in_it(
    job_store: SqlJobStore, budget_store: SqlBudgetStore, guild_settings: SqlGuildSettingsStore, clock: Clock
) -> None:
    await set_budgets(budget_store, 10 * PRICE)
    for number, hour in enumerate((-3, -1, 1), start=1):  # the second is of this day in Paris, of the day before in UTC
        clock.now = MIDNIGHT + hour * HOUR
        await finish(job_store, await accept(job_store, number))
    assert await read_used(budget_store) == {PRICE}

    await set_zone(guild_settings, "Europe/Paris")
    assert await read_used(budget_store) == {2 * PRICE}
    await accept(job_store, 4)
    await set_zone(guild_settings, "America/New_York")  # where it is the evening before
    assert await read_used(budget_store) == {4 * PRICE}
    await set_zone(guild_settings, None)
    assert await read_used(budget_store) == {2 * PRICE}


@pytest.mark.parametrize("unit", BudgetUnit)
async def test_changing_the_zone_back_and_forth_grants_nothing(
    job_store: SqlJobStore,
    budget_store: SqlBudgetStore,
    guild_settings: SqlGuildSettingsStore,
    clock: Clock,
    unit: BudgetUnit,
) -> None:
    clock.now = MIDNIGHT + HOUR
    await set_budgets(budget_store, 3 * PRICE if unit is BudgetUnit.USD else 3, unit)
    for number, zone in enumerate(("Europe/Paris", "Europe/London", None), start=1):
        await finish(job_store, await accept(job_store, number))
        await set_zone(guild_settings, zone)

    for zone in ("Europe/Paris", None):
        await set_zone(guild_settings, zone)
        with pytest.raises(BudgetExceededError):
            await accept(job_store, 9)


@pytest.mark.parametrize("outcome", [GENERATED, BUSY])
@pytest.mark.parametrize("zone", ["Europe/Paris", "Pacific/Auckland", "America/New_York"])
async def test_a_request_that_is_open_meanwhile_is_given_back_where_it_is_counted_now(
    job_store: SqlJobStore,
    budget_store: SqlBudgetStore,
    guild_settings: SqlGuildSettingsStore,
    clock: Clock,
    zone: str,
    outcome: object,
) -> None:
    clock.now = MIDNIGHT + 13 * HOUR
    await set_budgets(budget_store, 10 * PRICE)
    running = await accept(job_store, 1)
    await set_zone(guild_settings, zone)
    await finish(job_store, await accept(job_store, 2))  # makes the counters of the new zone

    await finish(job_store, running, outcome)

    assert await read_used(budget_store) == {2 * PRICE if outcome is GENERATED else PRICE}


async def test_a_grant_stays_in_the_new_day(
    job_store: SqlJobStore, budget_store: SqlBudgetStore, guild_settings: SqlGuildSettingsStore, clock: Clock
) -> None:
    clock.now = MIDNIGHT + HOUR
    own = Budget("", BudgetScope.MEMBER, GUILD, ADA_ID, BudgetPeriod.DAY, BudgetUnit.USD, PRICE)
    await budget_store.set_budget(own, BEN_ID)
    await accept(job_store, 1)
    await budget_store.adjust(ADA, BudgetUnit.USD, PRICE, "won the contest")
    await set_zone(guild_settings, "Europe/Paris")

    await accept(job_store, 2)

    with pytest.raises(BudgetExceededError):
        await accept(job_store, 3)


async def test_the_budgets_of_other_guilds_and_of_the_whole_bot_are_left_alone(
    database: Database, catalogue: Catalogue, budget_store: SqlBudgetStore, clock: Clock
) -> None:
    clock.now = MIDNIGHT + HOUR
    whole_bot = Budget("bot-day", BudgetScope.BOT, 0, 0, BudgetPeriod.DAY, BudgetUnit.USD, 2 * PRICE)
    job_store = SqlJobStore(database, catalogue=catalogue, bot_budgets=[whole_bot], clock=clock)
    await set_budgets(budget_store, 10 * PRICE)
    running = await accept(job_store, 1)

    await set_zone(SqlGuildSettingsStore(database), "Europe/Paris")
    await finish(job_store, running, BUSY)

    await accept(job_store, 2)
    await accept(job_store, 3)
    with pytest.raises(BudgetExceededError):
        await accept(job_store, 4)


async def test_a_zone_that_this_host_does_not_know_counts_as_utc(
    job_store: SqlJobStore, budget_store: SqlBudgetStore, guild_settings: SqlGuildSettingsStore, clock: Clock
) -> None:
    clock.now = MIDNIGHT + HOUR
    await set_budgets(budget_store, PRICE)
    await set_zone(guild_settings, "Europe/Atlantis")

    await accept(job_store, 1)

    assert {usage.resets_at for usage in await budget_store.list_usage(ADA)} == {int(MIDNIGHT) + 24 * HOUR}
    with pytest.raises(BudgetExceededError):
        await accept(job_store, 2)


async def test_a_request_that_is_being_accepted_is_waited_for(
    database: Database, database_url: str, guild_settings: SqlGuildSettingsStore, clock: Clock
) -> None:
    """Otherwise its price would be added to the counters of the old zone, which are deleted."""
    clock.now = MIDNIGHT + HOUR
    other = Database(database_url)
    budget_store = SqlBudgetStore(other, clock=clock)
    await set_budgets(budget_store, 10 * PRICE)
    for _ in TARGETS:
        await prepare_budgets(other, (), ADA, [PRICE], clock.now)
    has_charged, may_commit = threading.Event(), threading.Event()
    job = make_job_by(1, user_id=ADA_ID)

    def accept(connection: Connection) -> None:
        charged = charge_budgets(connection, (), ADA, [PRICE], clock.now, NoticeBounds())
        reserve_prices(connection, [Reservation(job.id, job.request.model, PRICE)], ADA, charged.counters, clock.now)

    async def accept_slowly() -> None:
        async with database.transaction() as connection:
            await connection.run_sync(accept)
            has_charged.set()
            await asyncio.to_thread(may_commit.wait, 5)

    accepting = asyncio.create_task(accept_slowly())
    await asyncio.to_thread(has_charged.wait, 5)
    changing = asyncio.create_task(set_zone(SqlGuildSettingsStore(other), "Europe/Paris"))
    await asyncio.sleep(0.3)
    assert not changing.done()
    may_commit.set()
    await asyncio.gather(accepting, changing)

    assert await read_used(budget_store) == {PRICE}
    await other.close()
