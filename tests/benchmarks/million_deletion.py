"""The deletion of a person's 200,000 jobs: how long its transactions are, and how long others wait meanwhile."""

import asyncio
import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from sqlalchemy import Connection

from bot.features.privacy.store import SqlUserDataStore
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from shared.catalogue import load_catalogue
from tests.benchmarks.million_rows import HEAVY_USER
from tests.benchmarks.ratios import Ratio
from tests.support.builders import make_job_by

LONGEST_GOAL_MS: Final = 100
ACCEPT_GOAL_MS: Final = 150
FIRST_ONES: Final = 10
ALONE: Final = 100
INTERVAL_SECONDS: Final = 0.1
FIRST_NUMBER: Final = 1_000_000_001
"""Above those of the jobs that are written."""

T = TypeVar("T")


class TimedDatabase(Database):
    """A database that measures the transactions of one task, with their commits, and keeps the seconds of each."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.task: asyncio.Task[object] | None = None
        self.seconds: list[float] = []

    async def run_transaction(self, work: Callable[[Connection], T]) -> T:
        started = 0.0

        def run_timed(connection: Connection) -> T:
            nonlocal started
            started = time.perf_counter()
            return work(connection)

        done = await super().run_transaction(run_timed)
        if asyncio.current_task() is self.task:
            self.seconds.append(time.perf_counter() - started)
        return done


async def measure_deletion(name: str, url: str) -> list[Ratio]:
    """Delete the person's data, and accept ten requests of others a second: before, for comparison, and meanwhile."""
    database = TimedDatabase(url)
    store, numbers = SqlJobStore(database, catalogue=load_catalogue()), itertools.count(FIRST_NUMBER)
    alone = [await _accept(store, numbers) for _ in range(FIRST_ONES + ALONE)][FIRST_ONES:]
    waits: list[float] = []
    started = time.monotonic()
    database.task = asyncio.create_task(SqlUserDataStore(database).delete_personal_data(HEAVY_USER))
    while not database.task.done():
        waits.append(await _accept(store, numbers))
    total, summary = time.monotonic() - started, database.task.result()
    await database.close()
    longest, slow = max(database.seconds), _find_slow(waits)
    deleted = f"ms; {summary.jobs:,} jobs in {total:.0f} s, {len(database.seconds):,} transactions"
    accepted = f"ms; median {statistics.median(waits) * 1e3:.0f}, {max(waits) * 1e3:.0f} at most"
    accepted += f"; p99 {_find_slow(alone) * 1e3:.0f} alone"
    return [
        _make_row(f"{name}: deletion, longest transaction]", longest, LONGEST_GOAL_MS, deleted),
        _make_row(f"{name}: deletion, p99 of transactions]", _find_slow(database.seconds), LONGEST_GOAL_MS, "ms"),
        _make_row(f"{name}: accept beside it, p99]", slow, ACCEPT_GOAL_MS, accepted),
    ]


async def _accept(store: SqlJobStore, numbers: Iterator[int]) -> float:
    """Wait for the next tenth of a second, and return the seconds in which a request is accepted."""
    await asyncio.sleep(INTERVAL_SECONDS)
    started = time.perf_counter()
    await store.add_jobs([make_job_by(next(numbers), user_id=1)], None)
    return time.perf_counter() - started


def _find_slow(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98]


def _make_row(name: str, seconds: float, goal: float, note: str) -> Ratio:
    milliseconds = seconds * 1e3
    return Ratio(name, milliseconds, (milliseconds, milliseconds), goal, note=note)
