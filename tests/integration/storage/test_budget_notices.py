"""Notices of budgets: each once in a period, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from bot.domain.budgets import Budget, BudgetExceededError, BudgetPeriod, BudgetScope, BudgetUnit, Spender
from bot.domain.guild_settings import GuildSettings
from bot.domain.notices import NoticeKind
from bot.storage.budgets import SqlBudgetStore
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.jobs import SqlJobStore
from bot.storage.notices import SqlNoticeStore
from bot.storage.session import Database
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import Failed
from shared.problems import make_problem
from tests.support.builders import ADA_ID, BEN_ID, GENERATED, Clock, make_finished_status, make_job_by

GUILD, CHANNEL, ROLE, NOTICES = 1, 2, 3, 44
PRICE = 80_000  # of the default model, in millionths of a dollar
FREE = Failed(problem=make_problem("quota_exceeded"))
DAY = 86400


@pytest.fixture
async def budget_store(database: Database, clock: Clock) -> SqlBudgetStore:
    """The budgets of a server that has chosen a channel for notices."""
    settings = GuildSettings(notice_channel_id=NOTICES)
    await SqlGuildSettingsStore(database).change_settings(GUILD, ADA_ID, GuildSettings(), settings)
    return SqlBudgetStore(database, clock=clock)


async def set_budget(
    store: SqlBudgetStore, pictures: int, scope: BudgetScope = BudgetScope.GUILD, target_id: int = GUILD, **kind: Any
) -> None:
    unit = kind.get("unit", BudgetUnit.USD)
    limit = pictures * PRICE if unit is BudgetUnit.USD else pictures
    await store.set_budget(Budget("", scope, GUILD, target_id, BudgetPeriod.DAY, unit, limit), ADA_ID)


async def accept(job_store: SqlJobStore, *numbers: int, user_id: int = ADA_ID) -> Sequence[Job]:
    jobs = [make_job_by(number, user_id=user_id) for number in numbers]
    assert await job_store.add_jobs(jobs, None, Spender(user_id, GUILD, CHANNEL, frozenset({ROLE})))
    return jobs


async def list_told(database: Database) -> list[tuple[int, str, int]]:
    """List the percentage, the scope and the member of each notice; none is for another channel."""
    waiting = await SqlNoticeStore(database).list_waiting([NoticeKind.BUDGET])
    assert {notice.channel_id for notice in waiting} <= {NOTICES}
    return [(n.data["percentage"], n.data["budget"][0], n.data["user_id"]) for n in waiting]


@pytest.mark.parametrize("unit", BudgetUnit)
async def test_half_four_fifths_and_the_whole_are_told_once_each(
    database: Database, job_store: SqlJobStore, budget_store: SqlBudgetStore, clock: Clock, unit: BudgetUnit
) -> None:
    await set_budget(budget_store, 10, unit=unit)
    told = []
    for number in range(10):
        await accept(job_store, number)
        told.append(len(await list_told(database)))

    assert told == [0, 0, 0, 0, 1, 1, 1, 2, 2, 3]
    assert await list_told(database) == [(percentage, "guild", 0) for percentage in (50, 80, 100)]
    clock.now += DAY
    await accept(job_store, *range(20, 25))
    assert len(await list_told(database)) == 4


async def test_of_several_percentages_at_once_the_largest_is_told_and_none_of_them_again(
    database: Database, job_store: SqlJobStore, budget_store: SqlBudgetStore
) -> None:
    await set_budget(budget_store, 10)
    jobs = await accept(job_store, *range(9))
    for job in jobs:
        await job_store.mark_delivered(make_finished_status(job, FREE), None)
    await accept(job_store, *range(20, 29))

    assert await list_told(database) == [(80, "guild", 0)]
    await set_budget(budget_store, 18)
    await accept(job_store, *range(30, 39))
    assert await list_told(database) == [(80, "guild", 0), (100, "guild", 0)]


async def test_the_member_is_named_in_a_notice_of_a_role_and_each_member_has_their_own(
    database: Database, job_store: SqlJobStore, budget_store: SqlBudgetStore
) -> None:
    await set_budget(budget_store, 2, BudgetScope.ROLE, ROLE)
    await set_budget(budget_store, 4, BudgetScope.MEMBER, BEN_ID)
    await set_budget(budget_store, 4, BudgetScope.CHANNEL, CHANNEL)
    await accept(job_store, 1)
    await accept(job_store, 2, 3, user_id=BEN_ID)

    assert sorted(await list_told(database)) == [
        (50, "channel", 0),
        (50, "member", 0),
        (50, "role", ADA_ID),
        (100, "role", BEN_ID),
    ]


async def test_several_bots_that_charge_at_once_tell_each_percentage_once(
    database: Database, database_url: str, catalogue: Catalogue, clock: Clock, budget_store: SqlBudgetStore
) -> None:
    await set_budget(budget_store, 20)
    others = [Database(database_url) for _ in range(2)]
    stores = [SqlJobStore(bot, catalogue=catalogue, clock=clock) for bot in (database, *others)]
    await accept(stores[0], 0)

    async def try_to_accept(number: int) -> bool:
        try:
            await accept(stores[number % 3], number)
        except BudgetExceededError:
            return False
        return True

    accepted = await asyncio.gather(*(try_to_accept(number) for number in range(1, 26)))
    for bot in others:
        await bot.close()

    assert accepted.count(True) == 19
    assert sorted(await list_told(database)) == [(50, "guild", 0), (80, "guild", 0), (100, "guild", 0)]


@pytest.mark.parametrize(("used", "told"), [(9, [100]), (7, [50])])
async def test_a_refused_request_tells_that_a_budget_is_used_up_if_little_is_left(
    database: Database, job_store: SqlJobStore, budget_store: SqlBudgetStore, used: int, told: list[int]
) -> None:
    await set_budget(budget_store, 10)
    await accept(job_store, *range(used))
    for number in (50, 60):
        with pytest.raises(BudgetExceededError):
            await accept(job_store, *range(number, number + 5))

    assert [percentage for percentage, *_ in await list_told(database)][-1:] == told
    if used == 9:
        await accept(job_store, 70)
        assert [percentage for percentage, *_ in await list_told(database)] == [80, 100]


async def test_a_call_that_is_billed_twice_can_use_a_budget_up_when_it_is_settled(
    database: Database, job_store: SqlJobStore, budget_store: SqlBudgetStore
) -> None:
    await set_budget(budget_store, 10)
    *_, last = await accept(job_store, *range(9))
    await job_store.mark_delivered(make_finished_status(last, GENERATED, unknown_calls=1), None)

    assert await list_told(database) == [(80, "guild", 0), (100, "guild", 0)]


async def test_a_server_without_a_channel_is_told_nothing(
    database: Database, job_store: SqlJobStore, clock: Clock
) -> None:
    await set_budget(SqlBudgetStore(database, clock=clock), 1)
    await accept(job_store, 1)

    assert await list_told(database) == []


async def test_the_operator_reads_of_the_whole_bots_budget_in_the_log_once(
    database: Database, catalogue: Catalogue, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    budget = Budget("bot-day", BudgetScope.BOT, 0, 0, BudgetPeriod.DAY, BudgetUnit.USD, 2 * PRICE)
    stores = [SqlJobStore(database, catalogue=catalogue, bot_budgets=[budget], clock=clock) for _ in range(2)]
    (job,) = await accept(stores[0], 1)
    await stores[0].mark_delivered(make_finished_status(job, FREE), None)
    await accept(stores[1], 2)
    await accept(stores[1], 3)

    lines = [record.getMessage() for record in caplog.records if "budget" in record.getMessage()]
    assert lines == [
        "50 % of the bot's budget of $0.16 per day is used: $0.08 are spent or reserved",
        "100 % of the bot's budget of $0.16 per day is used: $0.16 are spent or reserved",
    ]
    assert await list_told(database) == []
