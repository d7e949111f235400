"""How much longer a request takes to record with budgets, and how long a month's report takes, on a large ledger."""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from bot.domain.budgets import Budget, BudgetPeriod, BudgetScope, BudgetUnit, Spender
from bot.domain.guild_settings import GuildSettings
from bot.storage.budgets import SqlBudgetStore
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.jobs import SqlJobStore
from bot.storage.ledger_reports import ReportGroup, SqlLedgerReports
from bot.storage.session import Database
from bot.storage.tables import budgets, ledger_entries
from shared.catalogue import load_catalogue
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.support.builders import NOON, Clock, make_job_by

MEMBERS, JOBS = 10_000, 500_000  # two entries a job
GUILD, OTHER_GUILD, CHANNEL, ROLE = 1, 2, 2, 3
ACCEPT_GOAL, REPORT_GOAL_SECONDS = 1.3, 3.0
BATCH = 20
MONTH_SECONDS = 15 * 86400  # the middle of January 2027 to its start
_CHUNK = 20_000


def measure(quick: bool) -> list[Ratio]:
    """Measure on SQLite: each round records requests in a guild with budgets and in one without, in turn."""
    with tempfile.TemporaryDirectory(prefix="pentimento-ledger-") as folder:
        return asyncio.run(_measure(Path(folder) / "ledger.db", JOBS // 10 if quick else JOBS, 10 if quick else 40))


async def _measure(path: Path, jobs: int, rounds: int) -> list[Ratio]:
    database, clock = Database(f"sqlite:///{path}"), Clock()
    await database.migrate()
    print(f"ledger: {2 * jobs:,} entries and {MEMBERS:,} budgets are written …", file=sys.stderr)
    for rows in _make_entries(jobs):
        await database.run_transaction(lambda connection, rows=rows: connection.execute(insert(ledger_entries), rows))  # type: ignore[misc]
    await _set_budgets(database, clock)
    store = SqlJobStore(database, catalogue=load_catalogue(), clock=clock)
    numbers = iter(range(10**9))
    times: dict[int, list[float]] = {GUILD: [], OTHER_GUILD: []}
    for _ in range(rounds):
        for guild_id, found in times.items():
            found.append(await _time_batch(store, numbers, guild_id))
    reports = SqlLedgerReports(database)
    report_seconds = []
    for group in (ReportGroup.MEMBER, ReportGroup.CHANNEL, ReportGroup.MODEL, ReportGroup.DAY):
        started = time.perf_counter()
        await reports.sum_spending(group, NOON - MONTH_SECONDS, NOON + 86400, GUILD)
        report_seconds.append(time.perf_counter() - started)
    await database.close()
    note = f"{statistics.median(times[GUILD]) * 1e3 / BATCH:.2f} ms a request with {2 * jobs:,} entries"
    longest = max(report_seconds)
    return [
        compute_ratio("ledger[accept]", times[GUILD], times[OTHER_GUILD], ACCEPT_GOAL, note=note),
        compute_ratio("ledger[report]", [longest], [REPORT_GOAL_SECONDS], 1, note=f"{longest:.2f} s against 3"),
    ]


def _make_entries(jobs: int) -> Iterator[list[dict[str, Any]]]:
    rng = random.Random(7)
    rows: list[dict[str, Any]] = []
    for number in range(jobs):
        common = {
            "job_id": f"9{number}",
            "guild_id": GUILD,
            "channel_id": rng.randrange(50),
            "user_id": 1000 + rng.randrange(MEMBERS),
            "model": "sd3.5-large",
            "counted_at": NOON - rng.random() * MONTH_SECONDS,
            "created_at": NOON,
        }
        rows.append(common | {"kind": "reservation", "reserved": 80_000, "spent": 0, "calls": 0})
        rows.append(common | {"kind": "settlement", "reserved": -80_000, "spent": 80_000, "calls": 1})
        if len(rows) >= _CHUNK:
            yield rows
            rows = []
    if rows:
        yield rows


async def _set_budgets(database: Database, clock: Clock) -> None:
    """Give every member a budget, and the guild, a channel and a role one more, none of which is used up.

    The guild has chosen a channel for notices of budgets.
    """
    settings = GuildSettings(notice_channel_id=CHANNEL)
    await SqlGuildSettingsStore(database).change_settings(GUILD, 1, GuildSettings(), settings)
    store = SqlBudgetStore(database, clock=clock)
    for scope, target in ((BudgetScope.GUILD, GUILD), (BudgetScope.CHANNEL, CHANNEL), (BudgetScope.ROLE, ROLE)):
        budget = Budget("", scope, GUILD, target, BudgetPeriod.MONTH, BudgetUnit.USD, 10**15)
        await store.set_budget(budget, 1)

    def insert_budgets(connection: Connection) -> None:
        common = {"guild_id": GUILD, "scope": "member", "period": "month", "unit": "usd", "limit": 10**15}
        rows = [
            common | {"id": f"member-{number}", "target_id": 1000 + number, "created_by": 1, "created_at": NOON}
            for number in range(MEMBERS)
        ]
        connection.execute(insert(budgets), rows)

    await database.run_transaction(insert_budgets)


async def _time_batch(store: SqlJobStore, numbers: Iterator[int], guild_id: int) -> float:
    """Return the seconds in which requests of several members are recorded, after each member's first one."""
    member = 1000 + next(numbers) % MEMBERS
    spender = Spender(member, guild_id, CHANNEL, frozenset({ROLE, GUILD}))

    def make_next() -> Any:
        return make_job_by(next(numbers), user_id=member, guild_id=guild_id)

    await store.add_jobs([make_next()], None, spender)  # the counters of a member begin with a sum of the ledger
    jobs = [make_next() for _ in range(BATCH)]
    started = time.perf_counter()
    for job in jobs:
        await store.add_jobs([job], None, spender)
    return time.perf_counter() - started
