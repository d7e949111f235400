"""The ledger and budgets, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from bot.domain.budgets import (
    Budget,
    BudgetExceededError,
    BudgetPeriod,
    BudgetScope,
    BudgetUnit,
    Spender,
    build_bot_budgets,
)
from bot.features.privacy.store import SqlUserDataStore
from bot.storage.budgets import SqlBudgetStore
from bot.storage.jobs import SqlJobStore
from bot.storage.ledger import settle_closed_jobs
from bot.storage.ledger_reports import ReportGroup, SqlLedgerReports
from bot.storage.session import Database
from bot.storage.tables import budget_counters, guild_settings, ledger_entries
from shared.catalogue import Catalogue
from shared.job import Job, TeamRef
from shared.outcome import Failed, Filtered, FilteredPart, Outcome
from shared.problems import make_problem
from tests.support.builders import ADA_ID, BEN_ID, GENERATED, NOON, Clock, make_finished_status, make_job_by, read_rows
from tests.support.ledger import read_balance

GUILD, CHANNEL, ROLE, RICH_ROLE = 1, 2, 3, 4
PRICE = 80_000  # of the default model, in millionths of a dollar
ADA = Spender(ADA_ID, GUILD, CHANNEL)
BEN = Spender(BEN_ID, GUILD, CHANNEL)
BUSY = Failed(problem=make_problem("quota_exceeded"))
LOST = Failed(problem=make_problem("interrupted"), may_be_billed=True)
DAY = 86400


def make_budget(
    limit: int,
    scope: BudgetScope = BudgetScope.GUILD,
    target_id: int = GUILD,
    *,
    period: BudgetPeriod = BudgetPeriod.DAY,
    unit: BudgetUnit = BudgetUnit.USD,
) -> Budget:
    return Budget("", scope, GUILD, target_id, period, unit, limit)


@pytest.fixture
def budget_store(database: Database, clock: Clock) -> SqlBudgetStore:
    return SqlBudgetStore(database, clock=clock)


async def accept(job_store: SqlJobStore, *numbers: int, spender: Spender = ADA) -> list[Job]:
    jobs = [make_job_by(number, user_id=spender.user_id) for number in numbers]
    assert await job_store.add_jobs(jobs, None, spender)
    return jobs


async def finish(job_store: SqlJobStore, job: Job, outcome: Outcome | None = GENERATED, **counts: Any) -> None:
    await job_store.mark_delivered(make_finished_status(job, outcome, **counts), None)


@pytest.mark.parametrize(
    ("outcome", "unknown_calls", "spent"),
    [
        (GENERATED, 0, PRICE),
        (GENERATED, 1, 2 * PRICE),
        (Filtered(part=FilteredPart.OUTPUT, duration_seconds=1), 0, PRICE),
        (Filtered(part=FilteredPart.PROMPT, duration_seconds=1), 0, 0),
        (Filtered(part=FilteredPart.INPUT, duration_seconds=1), 0, 0),
        (BUSY, 0, 0),
        (BUSY, 1, PRICE),
        (LOST, 1, 2 * PRICE),
        (None, 0, PRICE),
    ],
)
async def test_a_price_is_reserved_and_then_settled_or_released_once(
    job_store: SqlJobStore, database_url: str, outcome: Outcome | None, unknown_calls: int, spent: int
) -> None:
    (job,) = await accept(job_store, 1)
    assert read_balance(database_url) == (PRICE, 0)

    for _ in range(2):
        await finish(job_store, job, outcome, unknown_calls=unknown_calls)

    assert read_balance(database_url) == (0, spent)
    kinds = [row["kind"] for row in read_rows(database_url, ledger_entries)]
    assert kinds == ["reservation", "settlement" if spent else "release"]


async def test_a_job_that_the_queue_rejects_gives_its_price_back(job_store: SqlJobStore, database_url: str) -> None:
    (job,) = await accept(job_store, 1)

    await job_store.mark_rejected(job.id, make_problem("queue_full"))
    await job_store.mark_rejected(job.id, make_problem("queue_full"))

    assert read_balance(database_url) == (0, 0)


async def test_a_dead_letter_without_a_record_is_settled_when_it_ends(
    job_store: SqlJobStore, database_url: str
) -> None:
    await finish(job_store, make_job_by(1))

    assert read_balance(database_url) == (0, PRICE)


@pytest.mark.parametrize(
    ("budget", "code"),
    [
        (make_budget(2 * PRICE), "over_budget_guild"),
        (make_budget(2 * PRICE, BudgetScope.CHANNEL, CHANNEL), "over_budget_channel"),
        (make_budget(2 * PRICE, BudgetScope.MEMBER, ADA_ID), "over_budget_member"),
        (make_budget(2 * PRICE, BudgetScope.ROLE, ROLE), "over_budget_role"),
        (make_budget(2, unit=BudgetUnit.PICTURES), "over_budget_guild"),
        (make_budget(2, BudgetScope.MEMBER, ADA_ID, unit=BudgetUnit.PICTURES), "over_budget_member"),
    ],
)
async def test_a_request_beyond_a_budget_is_refused_until_the_next_day(
    job_store: SqlJobStore, budget_store: SqlBudgetStore, clock: Clock, database_url: str, budget: Budget, code: str
) -> None:
    await budget_store.set_budget(budget, BEN_ID)
    spender = Spender(ADA_ID, GUILD, CHANNEL, frozenset({ROLE}))
    await accept(job_store, 1, 2, spender=spender)

    with pytest.raises(BudgetExceededError) as raised:
        await accept(job_store, 3, spender=spender)

    (problem,) = raised.value.problems
    assert (problem.code, problem.facts["left"]) == (code, f"{budget.unit} 0")
    assert clock() < int(problem.facts["resets_at"]) <= clock() + DAY
    assert len(await job_store.list_open_records()) == 2
    clock.now = int(problem.facts["resets_at"])
    await accept(job_store, 3, spender=spender)
    assert read_balance(database_url) == (3 * PRICE, 0)


async def test_all_jobs_of_a_request_fit_or_none(
    job_store: SqlJobStore, budget_store: SqlBudgetStore, database_url: str
) -> None:
    await budget_store.set_budget(make_budget(3 * PRICE), BEN_ID)

    with pytest.raises(BudgetExceededError):
        await accept(job_store, 1, 2, 3, 4)

    assert (await job_store.list_open_records(), read_balance(database_url)) == ([], (0, 0))
    await accept(job_store, 1, 2, 3)


async def test_a_released_price_can_be_used_again(job_store: SqlJobStore, budget_store: SqlBudgetStore) -> None:
    await budget_store.set_budget(make_budget(PRICE), BEN_ID)
    await budget_store.set_budget(make_budget(1, unit=BudgetUnit.PICTURES), BEN_ID)
    (job,) = await accept(job_store, 1)

    await finish(job_store, job, BUSY)

    (again,) = await accept(job_store, 2)
    await finish(job_store, again)
    assert [usage.used for usage in await budget_store.list_guild_usage(GUILD)] == [1, PRICE]


async def test_of_several_roles_the_most_generous_one_counts_for_each_member_alone(
    job_store: SqlJobStore, budget_store: SqlBudgetStore
) -> None:
    await budget_store.set_budget(make_budget(PRICE, BudgetScope.ROLE, ROLE), BEN_ID)
    await budget_store.set_budget(make_budget(2 * PRICE, BudgetScope.ROLE, RICH_ROLE), BEN_ID)
    rich_ada = Spender(ADA_ID, GUILD, CHANNEL, frozenset({ROLE, RICH_ROLE}))
    poor_ben = Spender(BEN_ID, GUILD, CHANNEL, frozenset({ROLE}))

    await accept(job_store, 1, 2, spender=rich_ada)
    await accept(job_store, 3, spender=poor_ben)

    for number, spender in ((4, rich_ada), (5, poor_ben)):
        with pytest.raises(BudgetExceededError):
            await accept(job_store, number, spender=spender)


async def test_what_is_asked_for_a_team_counts_in_its_budget_and_in_nobodys_own(
    job_store: SqlJobStore, budget_store: SqlBudgetStore
) -> None:
    roles = frozenset({ROLE, RICH_ROLE})
    members = [Spender(user_id, GUILD, CHANNEL, roles, team_id=ROLE) for user_id in (ADA_ID, BEN_ID)]
    for scope, target in ((BudgetScope.MEMBER, ADA_ID), (BudgetScope.ROLE, RICH_ROLE), (BudgetScope.ROLE, ROLE)):
        await budget_store.set_budget(make_budget(PRICE, scope, target), BEN_ID)
    await budget_store.set_budget(make_budget(5 * PRICE), BEN_ID)
    (early,) = await accept(job_store, 1, spender=members[0])
    usage = await budget_store.set_budget(make_budget(3 * PRICE, BudgetScope.TEAM, ROLE), BEN_ID)
    assert usage.used == PRICE

    await accept(job_store, 2, spender=members[1])
    (last,) = await accept(job_store, 3, spender=members[0])
    with pytest.raises(BudgetExceededError) as refused:
        await accept(job_store, 4, spender=members[1])
    assert [problem.code for problem in refused.value.problems] == ["over_budget_team"]
    await accept(job_store, 5, spender=replace(members[0], team_id=None))

    await finish(job_store, early, BUSY)
    await finish(job_store, last, GENERATED, unknown_calls=1)
    used = {usage.budget.scope: usage.used for usage in await budget_store.list_usage(members[1])}
    assert used == {BudgetScope.TEAM: 3 * PRICE, BudgetScope.GUILD: 4 * PRICE}
    own = await budget_store.list_usage(replace(members[0], team_id=None))
    assert {usage.used for usage in own if usage.budget.scope in {BudgetScope.MEMBER, BudgetScope.ROLE}} == {PRICE}


async def test_entries_of_a_release_without_teams_count_in_what_members_asked_for_themselves(
    job_store: SqlJobStore, budget_store: SqlBudgetStore, database: Database, database_url: str
) -> None:
    (job,) = await accept(job_store, 1)
    await finish(job_store, job)
    (for_team,) = await accept(job_store, 2, spender=replace(ADA, team_id=ROLE))
    rows = read_rows(database_url, ledger_entries)
    assert [row["team_id"] for row in rows] == [None, None, ROLE]

    usage = await budget_store.set_budget(make_budget(9 * PRICE, BudgetScope.MEMBER, ADA_ID), BEN_ID)
    assert usage.used == PRICE
    await finish(job_store, for_team)
    lines = await SqlLedgerReports(database).sum_spending(ReportGroup.TEAM, 0, NOON + DAY, GUILD)
    assert [(line.key, line.spent, line.calls) for line in lines] == [("0", PRICE, 1), (str(ROLE), PRICE, 1)]


async def test_a_dead_letter_of_a_team_counts_in_its_budget(
    job_store: SqlJobStore, budget_store: SqlBudgetStore
) -> None:
    await budget_store.set_budget(make_budget(9 * PRICE, BudgetScope.TEAM, ROLE), BEN_ID)
    await accept(job_store, 1, spender=replace(ADA, team_id=ROLE))
    retried = make_job_by(2).model_copy(update={"team": TeamRef(id=ROLE, name="Makers")})

    await finish(job_store, retried)

    (usage,) = await budget_store.list_usage(replace(ADA, team_id=ROLE))
    assert usage.used == 2 * PRICE


async def test_a_budget_counts_what_was_spent_before_it_was_set(
    job_store: SqlJobStore, budget_store: SqlBudgetStore, clock: Clock
) -> None:
    for number in (1, 2):
        (job,) = await accept(job_store, number)
        await finish(job_store, job)
    clock.now += 60
    await budget_store.set_budget(make_budget(3 * PRICE), BEN_ID)
    await budget_store.set_budget(make_budget(10, unit=BudgetUnit.PICTURES), BEN_ID)

    await accept(job_store, 3)

    with pytest.raises(BudgetExceededError):
        await accept(job_store, 4)
    assert {(usage.used, usage.left) for usage in await budget_store.list_usage(BEN)} == {(3 * PRICE, 0), (3, 7)}


async def test_the_budget_of_the_whole_bot_holds_for_all_guilds(
    database: Database, catalogue: Catalogue, clock: Clock
) -> None:
    job_store = SqlJobStore(database, catalogue=catalogue, bot_budgets=build_bot_budgets(None, 0.08), clock=clock)
    await accept(job_store, 1)

    with pytest.raises(BudgetExceededError) as raised:
        await accept(job_store, 2, spender=Spender(BEN_ID, 7, 8))

    assert raised.value.problems[0].code == "over_budget_bot"


async def test_a_day_begins_at_midnight_in_the_time_zone_of_the_guild(
    job_store: SqlJobStore, budget_store: SqlBudgetStore, database: Database, clock: Clock
) -> None:
    clock.now = 1_782_561_600.0  # 2026-06-27 12:00 UTC, midnight in Auckland
    await budget_store.set_budget(make_budget(PRICE), BEN_ID)
    row = {"guild_id": GUILD, "button_policy": "everyone", "time_zone": "Pacific/Auckland"}
    await database.run_transaction(lambda connection: connection.execute(guild_settings.insert(), row))
    clock.now -= 1
    await accept(job_store, 1)
    clock.now += 2

    await accept(job_store, 2)

    (usage,) = await budget_store.list_guild_usage(GUILD)
    assert (usage.used, usage.resets_at) == (PRICE, 1_782_561_600 + DAY)


async def test_a_price_given_back_after_midnight_leaves_the_new_day_alone(
    job_store: SqlJobStore, budget_store: SqlBudgetStore, clock: Clock
) -> None:
    (job,) = await accept(job_store, 1)
    clock.now += DAY
    await finish(job_store, job, BUSY)

    await budget_store.set_budget(make_budget(PRICE), BEN_ID)

    assert [usage.used for usage in await budget_store.list_guild_usage(GUILD)] == [0]


async def test_a_grant_raises_the_budgets_of_one_member(job_store: SqlJobStore, budget_store: SqlBudgetStore) -> None:
    await budget_store.set_budget(make_budget(PRICE, BudgetScope.MEMBER, ADA_ID), BEN_ID)
    await budget_store.set_budget(make_budget(10 * PRICE), BEN_ID)
    await accept(job_store, 1)

    await budget_store.adjust(ADA, BudgetUnit.USD, PRICE, "won the contest")

    await accept(job_store, 2)
    with pytest.raises(BudgetExceededError):
        await accept(job_store, 3)
    assert [usage.used for usage in await budget_store.list_guild_usage(GUILD)] == [2 * PRICE, PRICE]


async def test_a_grant_before_the_first_request_of_a_period_counts(
    job_store: SqlJobStore, budget_store: SqlBudgetStore
) -> None:
    await budget_store.set_budget(make_budget(0, BudgetScope.MEMBER, ADA_ID, unit=BudgetUnit.PICTURES), BEN_ID)
    assert await budget_store.adjust(Spender(ADA_ID, GUILD, 0), BudgetUnit.PICTURES, 1, "an apology") == 1

    await accept(job_store, 1)

    with pytest.raises(BudgetExceededError):
        await accept(job_store, 2)


async def test_a_removed_budget_limits_nobody(job_store: SqlJobStore, budget_store: SqlBudgetStore) -> None:
    await budget_store.set_budget(make_budget(0), BEN_ID)

    assert [await budget_store.remove_budget(make_budget(0)) for _ in range(2)] == [0, None]

    await accept(job_store, 1)


async def test_requests_at_the_same_time_from_two_bots_never_exceed_a_budget(
    database: Database, database_url: str, catalogue: Catalogue, clock: Clock, budget_store: SqlBudgetStore
) -> None:
    await budget_store.set_budget(make_budget(10 * PRICE), BEN_ID)
    await budget_store.set_budget(make_budget(10 * PRICE, BudgetScope.CHANNEL, CHANNEL), BEN_ID)
    other = Database(database_url)
    stores = [SqlJobStore(each, catalogue=catalogue, clock=clock) for each in (database, other)]

    results = await asyncio.gather(
        *(accept(stores[number % 2], number) for number in range(40)), return_exceptions=True
    )
    await other.close()

    refusals = [result for result in results if isinstance(result, BudgetExceededError)]
    assert len(refusals) == 30
    assert read_balance(database_url) == (10 * PRICE, 0)
    assert {row["used"] for row in read_rows(database_url, budget_counters)} == {10 * PRICE}


async def test_what_an_older_release_closed_without_a_ledger_is_settled_afterwards(
    job_store: SqlJobStore, database: Database, database_url: str
) -> None:
    paid, unpaid, rejected, _open = await accept(job_store, 1, 2, 3, 4)
    for job in (paid, unpaid):
        await finish(job_store, job, GENERATED if job is paid else BUSY)
    await job_store.mark_rejected(rejected.id, make_problem("queue_full"))
    forget = "DELETE FROM ledger_entries WHERE kind <> 'reservation'"
    await database.run_transaction(lambda connection: connection.execute(text(forget)))

    counts = [
        await database.run_transaction(lambda connection: settle_closed_jobs(connection, NOON - DAY, NOON))
        for _ in range(2)
    ]

    assert counts == [3, 0]
    assert read_balance(database_url) == (PRICE, PRICE)


async def test_what_a_person_spent_remains_without_their_name(
    job_store: SqlJobStore, database: Database, database_url: str
) -> None:
    (job,) = await accept(job_store, 1)
    await finish(job_store, job)

    await SqlUserDataStore(database).delete_personal_data(ADA_ID)

    assert (read_balance(database_url), read_balance(database_url, ADA_ID)) == ((0, PRICE), (0, 0))


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (ReportGroup.MEMBER, [(str(ADA_ID), 2 * PRICE, 2), (str(BEN_ID), PRICE, 1)]),
        (ReportGroup.CHANNEL, [("2", 3 * PRICE, 3)]),
        (ReportGroup.MODEL, [("sd3.5-large", 3 * PRICE, 3)]),
        (ReportGroup.GUILD, [("1", 3 * PRICE, 3)]),
        (ReportGroup.DAY, [("2027-01-15", 2 * PRICE, 2), ("2027-01-16", PRICE, 1)]),
        (ReportGroup.MONTH, [("2027-01", 3 * PRICE, 3)]),
    ],
)
async def test_reports_add_up_what_was_spent(
    job_store: SqlJobStore,
    budget_store: SqlBudgetStore,
    database: Database,
    clock: Clock,
    group: ReportGroup,
    expected: list[tuple[str, int, int]],
) -> None:
    for number, spender in enumerate((ADA, BEN, ADA)):
        (job,) = await accept(job_store, number, spender=spender)
        await finish(job_store, job)
        clock.now += DAY * (number == 1)
    (refused,) = await accept(job_store, 9)
    await finish(job_store, refused, BUSY)
    await budget_store.adjust(ADA, BudgetUnit.USD, 7, "left out")

    reports = SqlLedgerReports(database)
    lines = await reports.sum_spending(group, NOON - DAY, NOON + 2 * DAY, GUILD)

    assert [(line.key, line.spent, line.calls) for line in lines] == expected
    assert await reports.sum_spending(group, 0, NOON, GUILD) == []
    own = await reports.sum_member_spending(GUILD, ADA_ID, NOON)
    assert (own.spent, own.calls) == (2 * PRICE, 2)
    assert await reports.load_member_names([ADA_ID, 7]) == {str(ADA_ID): "Ada"}


@pytest.mark.parametrize(
    ("outcome", "counts", "accounts"),
    [
        (GENERATED, {}, None),
        (GENERATED, {"account": "111111111111"}, "111111111111"),
        (
            GENERATED,
            {"account": "111111111111", "unknown_calls": 1, "unknown_accounts": ("111111111111",)},
            "111111111111",
        ),
        (
            GENERATED,
            {"account": "222222222222", "unknown_calls": 1, "unknown_accounts": ("default",)},
            "default 222222222222",
        ),
        (BUSY, {"account": "222222222222", "unknown_calls": 1, "unknown_accounts": ("111111111111",)}, "111111111111"),
        (LOST, {"account": "222222222222", "unknown_calls": 1}, "222222222222 unknown"),
        (BUSY, {"account": "222222222222"}, None),
    ],
)
async def test_a_settlement_names_the_accounts_of_the_billed_calls(
    job_store: SqlJobStore, database_url: str, outcome: Outcome, counts: dict[str, Any], accounts: str | None
) -> None:
    (job,) = await accept(job_store, 1)
    await finish(job_store, job, outcome, **counts)
    await finish(job_store, make_job_by(2), outcome, **counts)  # accepted by a release without a ledger

    entries = {row["job_id"]: row["accounts"] for row in read_rows(database_url, ledger_entries) if row["calls"]}
    assert set(entries.values()) <= {accounts}
    assert len(entries) == (2 if counts.get("unknown_calls") or outcome is GENERATED else 0)


async def test_a_report_by_account_gives_each_the_calls_that_it_was_billed_for(
    job_store: SqlJobStore, database: Database
) -> None:
    jobs = await accept(job_store, 1, 2, 3, 4)
    await finish(job_store, jobs[0])
    await finish(job_store, jobs[1], account="111111111111")
    unknown: dict[str, Any] = {"unknown_calls": 1, "unknown_accounts": ("111111111111",)}
    await finish(job_store, jobs[2], account="222222222222", **unknown)

    lines = await SqlLedgerReports(database).sum_spending(ReportGroup.ACCOUNT, 0, NOON + DAY)

    assert {line.key: (line.spent, line.reserved, line.calls) for line in lines} == {
        "default": (PRICE, 0, 1),
        "111111111111": (2 * PRICE, 0, 2),
        "222222222222": (PRICE, 0, 1),
        "open": (0, PRICE, 0),
    }


async def test_a_price_that_was_reserved_before_its_budget_was_set_is_given_back(
    job_store: SqlJobStore, budget_store: SqlBudgetStore
) -> None:
    (job,) = await accept(job_store, 1)
    await budget_store.set_budget(make_budget(2 * PRICE), BEN_ID)
    await accept(job_store, 2)

    await finish(job_store, job, BUSY)

    await accept(job_store, 3)


async def test_a_budget_of_a_role_counts_while_another_role_is_more_generous(
    job_store: SqlJobStore, budget_store: SqlBudgetStore
) -> None:
    await budget_store.set_budget(make_budget(2 * PRICE, BudgetScope.ROLE, ROLE), BEN_ID)
    await budget_store.set_budget(make_budget(9 * PRICE, BudgetScope.ROLE, RICH_ROLE), BEN_ID)
    poor, rich = (Spender(ADA_ID, GUILD, CHANNEL, frozenset(roles)) for roles in ({ROLE}, {ROLE, RICH_ROLE}))
    await accept(job_store, 1, spender=poor)
    await accept(job_store, 2, spender=rich)

    with pytest.raises(BudgetExceededError):
        await accept(job_store, 3, spender=poor)


async def test_a_dead_letter_that_is_tried_again_counts_in_budgets(
    job_store: SqlJobStore, budget_store: SqlBudgetStore
) -> None:
    await budget_store.set_budget(make_budget(2 * PRICE), BEN_ID)
    await accept(job_store, 1)

    await finish(job_store, make_job_by(2))

    with pytest.raises(BudgetExceededError):
        await accept(job_store, 3)


async def test_counters_of_past_periods_are_deleted_and_no_others(
    job_store: SqlJobStore, budget_store: SqlBudgetStore, clock: Clock, database_url: str
) -> None:
    for period in BudgetPeriod:
        await budget_store.set_budget(make_budget(9 * PRICE, period=period), BEN_ID)
    await accept(job_store, 1)
    clock.now += 50 * DAY
    await accept(job_store, 2)

    assert [await budget_store.delete_old_counters() for _ in range(2)] == [3, 0]

    assert {row["used"] for row in read_rows(database_url, budget_counters)} == {PRICE}
    assert {usage.used for usage in await budget_store.list_guild_usage(GUILD)} == {PRICE}


async def test_a_job_that_is_open_while_its_requester_is_forgotten_gives_its_price_back(
    job_store: SqlJobStore, budget_store: SqlBudgetStore, database: Database, database_url: str
) -> None:
    await budget_store.set_budget(make_budget(3 * PRICE, BudgetScope.ROLE, ROLE), BEN_ID)
    spender = Spender(ADA_ID, GUILD, CHANNEL, frozenset({ROLE}))
    job, ended = await accept(job_store, 1, 2, spender=spender)
    await finish(job_store, ended)

    await SqlUserDataStore(database).delete_personal_data(ADA_ID)
    await finish(job_store, job, BUSY)

    assert [row["used"] for row in read_rows(database_url, budget_counters)] == [PRICE]
    names = [row["counters"] for row in read_rows(database_url, ledger_entries) if row["job_id"] == ended.id]
    assert names == [None, None]
