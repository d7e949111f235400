"""Accepting a request within budgets of six scopes, against the SQL that no way of doing so could spare.

The floor is one durable transaction of the standard library's sqlite3 on a database of the same size: the rows of the
job, its place in the queue and its reservation, and one conditional update for each budget that counts.
"""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any, Final

from sqlalchemy import Table

from bot.domain.budgets import Budget, BudgetPeriod, BudgetScope, BudgetUnit, Spender
from bot.storage.budgets import SqlBudgetStore
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import budget_counters, jobs, ledger_entries, queue_entries
from shared.catalogue import load_catalogue
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.support.builders import Clock, make_job_by

GUILD, CHANNEL, ROLE, USER = 1, 2, 3, 4
GOAL: Final = 2.5
BATCH: Final = 50
LIMIT: Final = 10**15
BOT_BUDGETS: Final = tuple(
    Budget(f"bot-{period}", BudgetScope.BOT, 0, 0, period, BudgetUnit.USD, LIMIT)
    for period in (BudgetPeriod.DAY, BudgetPeriod.MONTH)
)
GUILD_TARGETS: Final = {
    BudgetScope.GUILD: GUILD,
    BudgetScope.CHANNEL: CHANNEL,
    BudgetScope.ROLE: ROLE,
    BudgetScope.MEMBER: USER,
}
COPIED_TABLES: Final = (jobs, queue_entries, ledger_entries)


def measure(quick: bool) -> list[Ratio]:
    """Measure on SQLite, in turn: requests as the bot accepts them, and their rows written by hand."""
    with tempfile.TemporaryDirectory(prefix="pentimento-budgets-") as folder:
        return asyncio.run(_measure(Path(folder), 5 if quick else 20))


async def _measure(folder: Path, rounds: int) -> list[Ratio]:
    clock, numbers = Clock(), iter(range(10**9))
    database = Database(f"sqlite:///{folder}/accepted.db")
    await database.migrate()
    budgets = SqlBudgetStore(database, bot_budgets=BOT_BUDGETS, clock=clock)
    for scope, target in GUILD_TARGETS.items():
        await budgets.set_budget(Budget("", scope, GUILD, target, BudgetPeriod.MONTH, BudgetUnit.USD, LIMIT), 1)
    store = SqlJobStore(database, catalogue=load_catalogue(), bot_budgets=BOT_BUDGETS, clock=clock)
    await _accept(store, numbers)
    with closing(_open_floor(folder)) as floor:
        ours, least = [], []
        for _ in range(rounds + 1):
            ours.append(await _accept(store, numbers))
            least.append(_write_rows(floor, numbers))
    await database.close()
    note = f"{median(ours) * 1e3:.2f} ms a request, {median(least) * 1e3:.2f} ms its SQL alone"
    return [compute_ratio("budget_accept", ours[1:], least[1:], GOAL, note=note)]


async def _accept(store: SqlJobStore, numbers: Iterator[int]) -> float:
    """Return the seconds of one request of many, each accepted alone."""
    spender = Spender(USER, GUILD, CHANNEL, frozenset({ROLE}))
    requests = [make_job_by(next(numbers), user_id=USER) for _ in range(BATCH)]
    started = time.perf_counter()
    for request in requests:
        await store.add_jobs([request], None, spender)
    return (time.perf_counter() - started) / BATCH


def _open_floor(folder: Path) -> sqlite3.Connection:
    """Open a copy of the database, with the settings of the bot's own connections."""
    floor = sqlite3.connect(folder / "floor.db", isolation_level=None)
    with closing(sqlite3.connect(folder / "accepted.db")) as source:
        source.backup(floor)
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "secure_delete = ON"):
        floor.execute(f"PRAGMA {pragma}")
    return floor


def _write_rows(floor: sqlite3.Connection, numbers: Iterator[int]) -> float:
    """Return the seconds in which the rows of one request of many are written."""
    templates = {table.name: _read_newest(floor, table) for table in COPIED_TABLES}
    keys = [row[0] for row in floor.execute(f"SELECT key FROM {budget_counters.name}")]  # noqa: S608 - a constant
    started = time.perf_counter()
    for _ in range(BATCH):
        job_id = f"5{next(numbers)}"
        floor.execute("BEGIN IMMEDIATE")
        for key in keys:
            floor.execute("UPDATE budget_counters SET used = used + 80000 WHERE key = ? AND used <= ?", (key, LIMIT))
        for name, row in templates.items():
            row["id" if name == jobs.name else "job_id"] = job_id
            marks = ", ".join(f":{column}" for column in row)
            floor.execute(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({marks})", row)  # noqa: S608 - names of columns
        floor.execute("COMMIT")
    return (time.perf_counter() - started) / BATCH


def _read_newest(floor: sqlite3.Connection, table: Table) -> dict[str, Any]:
    """Read the newest row of a table, as a template; a number that the database gives itself is left out."""
    columns = [column.name for column in table.columns if (table, column.name) != (ledger_entries, "id")]
    newest = floor.execute(f"SELECT {', '.join(columns)} FROM {table.name} ORDER BY rowid DESC LIMIT 1")  # noqa: S608 - names
    return dict(zip(columns, newest.fetchone(), strict=True))
