"""How long each lookup takes that a person waits for, with the rows of a million jobs, on SQLite and PostgreSQL.

Then one person's 200,000 jobs are deleted, while requests are accepted.
"""

import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from bot.domain.search import SearchQuery
from bot.features.gallery.store import SqlTopStore, TopQuery
from bot.features.lineage.store import SqlLineageStore
from bot.features.privacy.store import SqlUserDataStore
from bot.storage.audit_log import SqlAuditLog
from bot.storage.batch_reader import SqlBatchReader
from bot.storage.budgets import SqlBudgetStore
from bot.storage.engine import parse_database_url
from bot.storage.gallery import SqlGalleryStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
from bot.storage.ledger_reports import ReportGroup, SqlLedgerReports
from bot.storage.rounds import SqlRoundStore
from bot.storage.session import Database
from shared.catalogue import load_catalogue
from tests.benchmarks.million_deletion import measure_deletion
from tests.benchmarks.million_rows import (
    BIG_GUILD,
    COMMON_WORD,
    HEAVY_GUILD,
    HEAVY_USER,
    RARE_LETTERS,
    RARE_MODEL,
    RARE_WORD,
    MillionRows,
    get_channels,
)
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.support.builders import make_job_by
from tests.support.postgresql import find_binaries, run_postgresql

JOBS, QUICK_JOBS = 1_000_000, 20_000
GOAL_SECONDS = 0.05
DAY = 86400.0

Lookup = Callable[[], Awaitable[object]]


def measure(quick: bool) -> list[Ratio]:
    """Measure each lookup on both databases; PostgreSQL is left out where it is not installed."""
    rows = MillionRows(QUICK_JOBS if quick else JOBS)
    found = []
    for name, url in _open_databases():
        with url as address:
            print(f"records_million: {rows.jobs:,} jobs are written to {name} …", file=sys.stderr)
            write_rows(address, rows)
            found += asyncio.run(measure_lookups(name, address, rows, 5 if quick else 100))
            found += asyncio.run(measure_deletion(f"records_million[{name}", address))
    return found


def write_rows(url: str, rows: MillionRows) -> None:
    """Migrate an empty database and write the rows."""
    asyncio.run(_migrate(url))
    engine = create_engine(parse_database_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA synchronous = OFF")
        rows.write(connection)
    if engine.dialect.name == "postgresql":  # which does so by itself after a while
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


async def measure_lookups(name: str, url: str, rows: MillionRows, rounds: int) -> list[Ratio]:
    """Time each lookup, and one by primary key right before it."""
    database = Database(url)
    floor = SqlJobHistory(database)
    found = []
    for lookup, run in list_lookups(database, rows).items():
        await run()
        ours, floors = [], []
        for _ in range(rounds):
            floors.append(await _time(lambda: floor.find_job(rows.viral_job_id)))
            ours.append(await _time(run))
        median, slow = statistics.median(ours), statistics.quantiles(ours, n=100)[98]
        goal = GOAL_SECONDS / statistics.median(floors)
        note = f"{median * 1e3:.1f} ms, p99 {slow * 1e3:.1f}; goal 50"
        found.append(compute_ratio(f"records_million[{name}: {lookup}]", ours, floors, goal, note=note))
    await database.close()
    return found


def list_lookups(database: Database, rows: MillionRows) -> Mapping[str, Lookup]:
    """List the lookups that people wait for, by name; the most expensive case of each."""
    search, history, now = SqlJobSearch(database), SqlJobHistory(database), rows.now
    top, reports, guild = SqlTopStore(database), SqlLedgerReports(database), get_channels(BIG_GUILD)
    rounds, batches = SqlRoundStore(database), SqlBatchReader(database)
    store, numbers = SqlJobStore(database, catalogue=load_catalogue()), itertools.count(1)
    frequent = rows.frequent_word

    def search_as(viewer_id: int, channels: list[int] = guild, **options: Any) -> Lookup:
        query = SearchQuery(viewer_id, hides_cancelled=True, **options)
        return lambda: search.search_jobs(query, guild_id=BIG_GUILD, channel_ids=channels, limit=9)

    def offer(keywords: str) -> Lookup:
        query = SearchQuery(HEAVY_USER, keywords=keywords, hides_cancelled=True)
        return lambda: search.list_jobs(query, guild_id=None, channel_ids=(), limit=25)

    def list_deep(**options: Any) -> Lookup:
        query, start = SearchQuery(HEAVY_USER, hides_cancelled=True, **options), rows.viral_job_id
        return lambda: search.list_jobs(query, guild_id=BIG_GUILD, channel_ids=guild, limit=9, before_id=start)

    def rank(days: float | None) -> Lookup:
        query = TopQuery(BIG_GUILD, frozenset(guild), 0.0 if days is None else now - days * DAY)
        return lambda: top.list_top_results(query, 9)

    def report(group: ReportGroup) -> Lookup:
        return lambda: reports.sum_spending(group, now - 30 * DAY, now, BIG_GUILD)

    other = 1
    here: dict[str, Any] = {"is_guild_wide": True}
    return {
        "history": search_as(HEAVY_USER),
        "history, common word": search_as(HEAVY_USER, keywords=COMMON_WORD),
        "history, rare word": search_as(HEAVY_USER, keywords=RARE_WORD),
        "history, part of a word": search_as(HEAVY_USER, keywords="zyzz"),
        "history, no such word": search_as(HEAVY_USER, keywords="xylophone"),
        "history, frequent word": search_as(HEAVY_USER, keywords=frequent),
        "history, three words": search_as(HEAVY_USER, keywords=f"{COMMON_WORD} ba bace"),
        "history, a letter": search_as(HEAVY_USER, keywords="c"),
        "history, rare letters": search_as(HEAVY_USER, keywords=RARE_LETTERS),
        "history, no such letters": search_as(HEAVY_USER, keywords="qq"),
        "history, rare model": search_as(HEAVY_USER, model="sdxl"),
        "history, model": search_as(HEAVY_USER, model=RARE_MODEL),
        "history, a day": search_as(HEAVY_USER, accepted_after=now - 200 * DAY, accepted_before=now - 199 * DAY),
        "history, deep": list_deep(),
        "history of the server": search_as(other, **here),
        "history of the server, common word": search_as(other, keywords=COMMON_WORD, **here),
        "history of the server, rare word": search_as(other, keywords=RARE_WORD, **here),
        "history of the server, frequent word": search_as(other, keywords=frequent, **here),
        "history of the server, many words": search_as(
            other, keywords=f"{COMMON_WORD} {frequent} {RARE_WORD} ba be bi", **here
        ),
        "history of the server, rare letters": search_as(other, keywords=RARE_LETTERS, **here),
        "history of the server, no such letters": search_as(other, keywords="qq", **here),
        "history of the server, common words": search_as(other, keywords=f"{COMMON_WORD} bace", **here),
        "history of the server, rare model": search_as(other, model="sdxl", **here),
        "history of the server, one channel": search_as(other, guild[-1:], **here),
        "history of the server, no channel": search_as(other, [], **here),
        "history of the server, word of a person": search_as(
            other, requester_id=HEAVY_USER, keywords=COMMON_WORD, **here
        ),
        "history of the server, a person": search_as(other, requester_id=HEAVY_USER, **here),
        "history of the server, word of a day": search_as(
            other,
            keywords=COMMON_WORD,
            accepted_after=now - 200 * DAY,
            accepted_before=now - 199 * DAY,
            **here,
        ),
        "history of the server, deep": list_deep(is_guild_wide=True),
        "history of the server, common word, deep": list_deep(is_guild_wide=True, keywords=COMMON_WORD),
        "history of the server, rare letters, deep": list_deep(is_guild_wide=True, keywords=RARE_LETTERS),
        "show, autocomplete": offer(""),
        "show, autocomplete of a word": offer(COMMON_WORD[:4]),
        "show, autocomplete of a letter": offer("c"),
        "show": lambda: history.find_job(rows.viral_job_id),
        "favourites": search_as(HEAVY_USER, is_favourite=True),
        "favourites, deep": list_deep(is_favourite=True),
        "lineage": lambda: SqlLineageStore(database).load_lineage(rows.viral_job_id, 30),
        "top, week": rank(7),
        "top, month": rank(30),
        "top, all": rank(None),
        "top, people": lambda: top.list_top_people(TopQuery(BIG_GUILD, frozenset(guild)), 9),
        "gallery, due": lambda: SqlGalleryStore(database).list_due_posts(10, 5),
        "gallery, settings": lambda: SqlGalleryStore(database).load_settings(BIG_GUILD),
        "queue, open jobs": lambda: history.list_open_job_ids(HEAVY_GUILD, HEAVY_USER),
        "message": lambda: history.find_job_of_message(
            BIG_GUILD, int(rows.viral_job_id) + 1, int(rows.viral_job_id) + 2
        ),
        "latest result of a channel": lambda: history.find_latest_result(guild[0]),
        "first job of a channel": lambda: history.find_first_job(guild[0]),
        "budgets": lambda: SqlBudgetStore(database).list_guild_usage(BIG_GUILD),
        "report, members": report(ReportGroup.MEMBER),
        "report, channels": report(ReportGroup.CHANNEL),
        "report, models": report(ReportGroup.MODEL),
        "report, days": report(ReportGroup.DAY),
        "spending of a member": lambda: reports.sum_member_spending(HEAVY_GUILD, HEAVY_USER, now - 30 * DAY),
        "names of members": lambda: reports.load_member_names([HEAVY_USER]),
        "audit": lambda: SqlAuditLog(database).list_entries(BIG_GUILD, 10),
        "privacy, summary": lambda: SqlUserDataStore(database).summarise_stored_data(HEAVY_USER),
        "export, first jobs": lambda: search.list_jobs(
            SearchQuery(HEAVY_USER, accepted_before=now), guild_id=None, channel_ids=(), limit=50
        ),
        "rounds": lambda: rounds.list_contests(BIG_GUILD, 25),
        "rounds, open": lambda: rounds.list_contests(BIG_GUILD, 25, is_open=True),
        "batches": lambda: batches.list_batches(HEAVY_GUILD, limit=25),
        "batch, items": lambda: batches.count_items("b0"),
        "accept": lambda: store.add_jobs([make_job_by(next(numbers), user_id=other)], None),
    }


def _open_databases() -> Iterator[tuple[str, Any]]:
    yield "SQLite", _open_sqlite()
    binaries = find_binaries()
    if binaries is not None:
        yield "PostgreSQL", run_postgresql(binaries)


@contextmanager
def _open_sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="pentimento-million-") as folder:
        yield f"sqlite:///{Path(folder) / 'records.db'}"


async def _migrate(url: str) -> None:
    database = Database(url)
    await database.migrate()
    await database.close()


async def _time(run: Lookup) -> float:
    started = time.perf_counter()
    await run()
    return time.perf_counter() - started
