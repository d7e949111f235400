"""Deleting a person with many jobs: in short transactions, and to the end although the bot is killed on the way."""

import asyncio
import multiprocessing
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection as Pipe
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from bot.features.privacy.store import SqlUserDataStore
from bot.features.privacy.summary import MAX_COUNT
from bot.storage.bounded_work import FIRST_LIMIT, MAX_LIMIT, BoundedWork
from bot.storage.engine import parse_database_url
from bot.storage.session import Database
from bot.storage.tables import metadata
from tests.benchmarks.million_rows import HEAVY_USER, MillionRows
from tests.support.builders import read_rows
from tests.support.database import execute_sql

JOBS = 2000
SUMS = "SELECT sum(reserved), sum(spent), sum(calls), count(*) FROM ledger_entries"
COUNT_THEIRS = f"SELECT count(*) FROM jobs WHERE requester_id = {HEAVY_USER}"  # noqa: S608 - a constant


@pytest.fixture
def filled_url(migrated_database_url: str) -> str:
    engine = create_engine(parse_database_url(migrated_database_url), poolclass=NullPool)
    with engine.begin() as connection:
        MillionRows(JOBS).write(connection)
    engine.dispose()
    return migrated_database_url


def delete_until_killed(url: str, pipe: Pipe) -> None:
    """Delete a person's data, report the first jobs that are gone, and wait there to be killed."""

    async def report(job_count: int) -> None:
        pipe.send(job_count)
        await asyncio.sleep(60)

    asyncio.run(SqlUserDataStore(Database(url)).delete_personal_data(HEAVY_USER, report_progress=report))


async def test_a_deletion_that_was_killed_is_completed_when_it_is_asked_for_again(filled_url: str) -> None:
    before, theirs = execute_sql(filled_url, SUMS), execute_sql(filled_url, COUNT_THEIRS)[0][0]
    receiver, sender = multiprocessing.Pipe(duplex=False)
    bot = multiprocessing.get_context("spawn").Process(target=delete_until_killed, args=(filled_url, sender))
    bot.start()
    deleted = receiver.recv() if receiver.poll(30) else 0
    bot.kill()
    bot.join(10)
    left = execute_sql(filled_url, COUNT_THEIRS)[0][0]

    database = Database(filled_url)
    purged: list[str] = []

    async def purge(job_ids: Sequence[str]) -> None:
        purged.extend(job_ids)

    summary = await SqlUserDataStore(database).delete_personal_data(HEAVY_USER, purge_jobs=purge)
    await database.close()

    assert bot.exitcode == -signal.SIGKILL
    assert 0 < deleted < theirs
    assert left == theirs - deleted
    assert summary.jobs == len(set(purged)) == left
    assert execute_sql(filled_url, SUMS) == before
    for table in metadata.sorted_tables:
        assert not [row for row in read_rows(filled_url, table) if names_person(row)], table
    if filled_url.startswith("sqlite"):
        assert execute_sql(filled_url, "SELECT count(*) FROM job_numbers") == execute_sql(
            filled_url, "SELECT count(*) FROM jobs WHERE search_text IS NOT NULL"
        )


def names_person(row: dict[str, Any]) -> bool:
    """Tell whether a row names the person; the target of an action of moderators stays."""
    return str(HEAVY_USER) in str({name: value for name, value in row.items() if name != "target_id"})


async def test_a_summary_counts_no_further_than_it_tells(filled_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.features.privacy.store.MAX_COUNT", 100)
    database = Database(filled_url)

    summary = await SqlUserDataStore(database).summarise_stored_data(HEAVY_USER)
    await database.close()

    assert MAX_COUNT > 100
    assert (summary.jobs, summary.favourites) == (101, 101)
    assert 0 < summary.explorations <= 101


async def test_transactions_grow_and_shrink_with_the_time_they_take(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter([0.0, 0.001, 10.0, 10.0, 10.5, 11.5])  # two readings of the clock for each
    monkeypatch.setattr("bot.storage.bounded_work.time.perf_counter", lambda: next(seconds))
    work = BoundedWork(database)

    limits = [await work.run(lambda _, limit: limit) for _ in range(3)]

    assert limits == [FIRST_LIMIT, 2 * FIRST_LIMIT, 4 * FIRST_LIMIT]
    assert work.limit == 2 * FIRST_LIMIT < MAX_LIMIT


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_trigram_of_a_deleted_prompt_remains_in_the_index(filled_url: str) -> None:
    execute_sql(
        filled_url,
        "UPDATE jobs SET search_text = 'Ωξψ ' || search_text WHERE requester_id = :id",
        id=HEAVY_USER,
    )
    pages = "SELECT count(*) FROM job_trigrams_data WHERE instr(block, CAST(:word AS BLOB)) > 0"
    assert execute_sql(filled_url, pages, word="ξψ")[0][0] > 0
    database = Database(filled_url)

    await SqlUserDataStore(database).delete_personal_data(HEAVY_USER)
    await database.close()

    assert execute_sql(filled_url, pages, word="ξψ") == [(0,)]
    with create_engine(parse_database_url(filled_url)).connect() as connection:
        matches = connection.execute(text("SELECT count(*) FROM job_trigrams WHERE job_trigrams MATCH 'Ωξψ'"))
        assert matches.scalar_one() == 0
