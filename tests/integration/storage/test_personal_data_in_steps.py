"""Deleting a person with many jobs: in short transactions, and to the end although the bot is killed on the way."""

import asyncio
import multiprocessing
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection as Pipe
from typing import Any

import pytest
from discord import ui
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from bot.domain.notices import NoticeKind
from bot.features.privacy.deleter import UNTOLD_SECONDS, DataDeleter
from bot.features.privacy.notice import render_deletion_notice
from bot.features.privacy.store import SqlUserDataStore
from bot.features.privacy.summary import MAX_COUNT
from bot.storage.bounded_work import FIRST_LIMIT, MAX_LIMIT, BoundedWork
from bot.storage.data_deletions import SqlDataDeletions
from bot.storage.engine import parse_database_url
from bot.storage.notices import SqlNoticeStore
from bot.storage.session import Database
from bot.storage.tables import metadata, notices
from shared.i18n.messages import load_messages
from tests.benchmarks.million_rows import HEAVY_USER, MillionRows
from tests.support.builders import Clock, read_rows
from tests.support.database import execute_sql
from tests.support.views import join_texts

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
    """Work on deletions as a bot does, report the jobs of the second step, and wait there to be killed."""
    steps = 0

    async def purge(_: Sequence[str]) -> None:
        nonlocal steps
        steps += 1
        if steps == 3:
            pipe.send("two steps are done")
            await asyncio.sleep(60)

    database = Database(url)
    deleter = DataDeleter(SqlDataDeletions(database), SqlUserDataStore(database), purge, delete_no_searches)
    asyncio.run(deleter.run())


async def delete_no_searches(_user_id: int) -> None:
    pass


async def test_a_deletion_goes_on_by_itself_after_the_bot_was_killed_and_its_end_is_told_once(filled_url: str) -> None:
    before, theirs = execute_sql(filled_url, SUMS), execute_sql(filled_url, COUNT_THEIRS)[0][0]
    database, clock = Database(filled_url), Clock()
    deletions = SqlDataDeletions(database, clock=clock)
    await deletions.add_deletion(HEAVY_USER, 7, "fr")
    receiver, sender = multiprocessing.Pipe(duplex=False)
    bot = multiprocessing.get_context("spawn").Process(target=delete_until_killed, args=(filled_url, sender))
    bot.start()
    has_begun = receiver.poll(120)
    bot.kill()
    bot.join(10)
    left = execute_sql(filled_url, COUNT_THEIRS)[0][0]
    purged: list[str] = []

    async def purge(job_ids: Sequence[str]) -> None:
        purged.extend(job_ids)

    deleter = DataDeleter(deletions, SqlUserDataStore(database), purge, delete_no_searches)
    killed = await deletions.find_deletion(HEAVY_USER)
    while await deletions.list_unfinished():
        await deleter.run_once()
    ended = await deletions.find_deletion(HEAVY_USER)
    await deleter.run_once()
    waits_for_the_command = read_rows(filled_url, notices) == []
    clock.now += UNTOLD_SECONDS + 1
    await deleter.run_once()
    await deleter.run_once()
    (notice,) = await SqlNoticeStore(database).list_waiting(list(NoticeKind))
    text = join_texts(ui.LayoutView().add_item(*await render_deletion_notice(notice, load_messages("fr"), None)))
    await SqlNoticeStore(database).close_notice(notice, 1)
    await database.close()

    assert (has_begun, bot.exitcode) == (True, -signal.SIGKILL)
    assert killed
    assert ended
    assert 0 < killed.counts["jobs"] == theirs - left < theirs
    assert len(set(purged)) == left
    assert (killed.is_finished, ended.is_finished, waits_for_the_command) == (False, True, True)
    assert ended.counts["jobs"] == theirs
    assert (notice.place_id, notice.data["locale"]) == (HEAVY_USER, "fr")
    assert f"{theirs} demandes" in text
    assert execute_sql(filled_url, SUMS) == before
    for table in metadata.sorted_tables:
        assert not [row for row in read_rows(filled_url, table) if names_person(row)], table
    if filled_url.startswith("sqlite"):
        assert execute_sql(filled_url, "SELECT count(*) FROM job_numbers") == execute_sql(
            filled_url, "SELECT count(*) FROM jobs WHERE search_text IS NOT NULL"
        )


async def test_a_person_with_few_jobs_does_not_wait_for_one_with_many(
    filled_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.features.privacy.deleter.SLICE_SECONDS", 0.0)
    ((other,),) = execute_sql(
        filled_url, "SELECT min(requester_id) FROM jobs WHERE requester_id <> :user_id", user_id=HEAVY_USER
    )
    database = Database(filled_url)
    deletions = SqlDataDeletions(database)
    for user_id in (HEAVY_USER, other):
        await deletions.add_deletion(user_id, 7, "en-US")

    deleter = DataDeleter(deletions, SqlUserDataStore(database), ignore_jobs, delete_no_searches)
    while other in await deletions.list_unfinished():
        await deleter.run_once()
    unfinished = await deletions.list_unfinished()
    await database.close()

    assert unfinished == [HEAVY_USER]


async def ignore_jobs(_job_ids: Sequence[str]) -> None:
    pass


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


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_the_last_rows_of_very_many_are_found_by_an_index(filled_url: str) -> None:
    execute_sql(filled_url, "ANALYZE")
    some = f"EXPLAIN SELECT id FROM ledger_entries WHERE user_id = {HEAVY_USER} LIMIT 10"  # noqa: S608 - a constant
    database = Database(filled_url)

    plan = await BoundedWork(database).run(lambda connection, _: connection.execute(text(some)).scalars().all())
    await database.close()

    assert any("Seq Scan" in str(line) for (line,) in execute_sql(filled_url, some))
    assert not any("Seq Scan" in line for line in plan)


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
