"""The plans of lookups that people wait for: none reads all jobs, however many there are."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from bot.storage.session import Database
from tests.benchmarks.bench_records_million import list_lookups
from tests.benchmarks.million_rows import MillionRows

JOBS = 1500
LARGE_TABLES = "jobs|outcomes|ledger_entries|favourites|favourite_counts"
READS_ALL = re.compile(rf"SCAN ({LARGE_TABLES})\b|Seq Scan on ({LARGE_TABLES})\b")


@contextmanager
def record_statements() -> Iterator[list[tuple[str, Any]]]:
    statements: list[tuple[str, Any]] = []

    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        statements.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", record)


async def explain(connection: AsyncConnection, statement: str, parameters: Any, *, by_words: bool = False) -> str:
    """Explain a statement; `by_words`: as if the rows were too many for any index but that of words."""
    is_sqlite = connection.dialect.name == "sqlite"
    if not is_sqlite:  # a small table is read as a whole, unless it costs more
        refused = ("seqscan", "indexscan", "indexonlyscan") if by_words else ("seqscan",)
        for kind in refused:
            await connection.exec_driver_sql(f"SET LOCAL enable_{kind} = off")
    prefix = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
    rows = (await connection.exec_driver_sql(f"{prefix} {statement}", parameters)).all()
    return "\n".join(str(row[-1]) for row in rows)


@pytest.fixture
def filled_database(database: Database) -> Database:
    engine = create_engine(database.url, poolclass=NullPool)
    with engine.begin() as connection:
        MillionRows(JOBS).write(connection)
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT gin_clean_pending_list('ix_jobs_trigrams')"))
            connection.execute(text("ANALYZE"))
    engine.dispose()
    return database


async def test_no_lookup_reads_all_jobs(filled_database: Database) -> None:
    plans: dict[str, str] = {}
    for name, run in list_lookups(filled_database, MillionRows(JOBS)).items():
        with record_statements() as statements:
            await run()
        queries = [found for found in statements if found[0].lstrip().startswith(("SELECT", "WITH"))]
        assert queries, name
        async with filled_database.transaction() as connection:
            by_words = "rare word" in name
            plans[name] = "\n".join([await explain(connection, *query, by_words=by_words) for query in queries])

    full_reads = {name: plan for name, plan in plans.items() if READS_ALL.search(plan)}
    assert full_reads == {}
    words = plans["history of the server, rare word"]
    assert "VIRTUAL TABLE INDEX" in words or "ix_jobs_trigrams" in words
    assert "ix_jobs_guild_id" in plans["history of the server"]
    assert "ix_favourite_counts_other_marks" in plans["top, all"]
    if "VIRTUAL" in words:
        searches = [plan for name, plan in plans.items() if "word" in name]
        assert all(
            re.search(r"SCAN job_trigrams VIRTUAL.*\nSCAN anon_1\nSEARCH job_numbers.*\nSEARCH jobs", plan)
            for plan in searches
        )
        assert "ix_ledger_entries_guild_id" in plans["report, members"]
        assert "ix_favourites_guild_id" in plans["top, month"]
