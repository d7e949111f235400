"""Records and prompts are deleted when they are old: all that hangs on them, and never what is still needed."""

import json
from collections.abc import Mapping

import pytest

from bot.domain.batches import BatchState
from bot.domain.messages import MessageRef
from bot.domain.search import SearchQuery
from bot.storage.batches import SqlBatchStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
from bot.storage.ledger_reports import ReportGroup, SqlLedgerReports
from bot.storage.retention import SECONDS_PER_DAY, SqlRetention
from bot.storage.session import Database
from bot.storage.tables import (
    batch_items,
    batches,
    explorations,
    favourites,
    jobs,
    ledger_entries,
    metadata,
    outcomes,
    queue_entries,
    reports,
    result_hashes,
    source_images,
    thumbnails,
)
from shared.catalogue import Catalogue
from shared.job import Job
from tests.support.batches import BATCH_ID, make_batch, make_items
from tests.support.builders import ADA_ID, NOON, Clock, make_finished_status, make_job_by, read_rows
from tests.support.database import execute_sql

OLD, CHILD, NEW, OPEN = range(1, 5)
DAYS = 30.0
LATER = NOON + (DAYS + 1) * SECONDS_PER_DAY
POST = """
    INSERT INTO gallery_posts (job_id, guild_id, reason, state, created_at, version, failures)
    VALUES (:job, 1, 'shared', 'posted', 1, 1, 0)
"""
SUMS = "SELECT sum(reserved), sum(spent), sum(calls), count(*) FROM ledger_entries"


@pytest.fixture
def retention(database: Database, clock: Clock) -> SqlRetention:
    return SqlRetention(database, clock=clock)


@pytest.fixture
async def stored_jobs(job_store: SqlJobStore, clock: Clock, migrated_database_url: str) -> Mapping[int, Job]:
    """A result of a month ago, one of today that was made from it, another one of today, and an open job."""
    by_number = {OLD: make_job_by(OLD, prompt="an old castle"), OPEN: make_job_by(OPEN, prompt="an open castle")}
    by_number[NEW] = make_job_by(NEW, prompt="a new castle").model_copy(update={"accepted_at": LATER})
    child = make_job_by(CHILD, prompt="a child castle")
    by_number[CHILD] = child.model_copy(update={"accepted_at": LATER, "parent_id": by_number[OLD].id})
    for number in (OLD, OPEN, CHILD, NEW):
        clock.now = by_number[number].accepted_at
        await job_store.add_jobs([by_number[number]], None)
        if number != OPEN:
            status = make_finished_status(by_number[number], since=clock.now + 9)
            await job_store.mark_delivered(status, MessageRef(2, number))
    clock.now = LATER + 60
    old_id = by_number[OLD].id
    execute_sql(
        migrated_database_url, "INSERT INTO favourites (user_id, job_id, created_at) VALUES (1, :job, 1)", job=old_id
    )
    execute_sql(migrated_database_url, "INSERT INTO thumbnails VALUES (:job, :jpeg)", job=old_id, jpeg=b"jpeg")
    execute_sql(
        migrated_database_url,
        "INSERT INTO reports (job_id, reporter_id, guild_id, kind, reason, created_at) "
        "VALUES (:job, 1, 1, 'result', 'ugly', 1)",
        job=old_id,
    )
    execute_sql(migrated_database_url, "INSERT INTO source_images VALUES ('5a', :image, 1)", image=b"image")
    execute_sql(migrated_database_url, "UPDATE jobs SET source_sha256 = '5a' WHERE id = :job", job=old_id)
    execute_sql(
        migrated_database_url,
        "INSERT INTO explorations (id, exploration_json, channel_id, message_id, requester_id, created_at, ended_at) "
        "VALUES ('77', '{}', 1, 1, 1, :at, :at), ('78', '{}', 1, 1, 1, :at, NULL)",
        at=NOON,
    )
    return by_number


async def find_words(database: Database, words: str) -> list[str]:
    """Find the jobs of their requester by words of their prompts."""
    query = SearchQuery(ADA_ID, keywords=words)
    page = await SqlJobSearch(database).search_jobs(query, guild_id=1, channel_ids=(), limit=10)
    return [record.job.id for record in page.records]


def list_ids(url: str) -> set[str]:
    return {row["id"] for row in read_rows(url, jobs)}


async def test_old_records_go_with_all_that_hangs_on_them_and_the_sums_of_the_ledger_stay(
    retention: SqlRetention, stored_jobs: Mapping[int, Job], database: Database, migrated_database_url: str
) -> None:
    url = migrated_database_url
    reports_before = await SqlLedgerReports(database).sum_spending(ReportGroup.MEMBER, 0, LATER * 2)
    sums, entries = execute_sql(url, SUMS), read_rows(url, ledger_entries)

    assert await retention.delete_old_records(DAYS) == 2

    assert list_ids(url) == {stored_jobs[number].id for number in (CHILD, NEW, OPEN)}
    assert {row["parent_id"] for row in read_rows(url, jobs)} == {None}
    for table in (favourites, thumbnails, reports, source_images):
        assert read_rows(url, table) == [], table.name
    for table in (outcomes, queue_entries, result_hashes):
        assert stored_jobs[OLD].id not in {row["job_id"] for row in read_rows(url, table)}
    assert [row["id"] for row in read_rows(url, explorations)] == ["78"]
    assert (execute_sql(url, SUMS), read_rows(url, ledger_entries)) == (sums, entries)
    assert await SqlLedgerReports(database).sum_spending(ReportGroup.MEMBER, 0, LATER * 2) == reports_before
    in_ledger, in_queue = await SqlLedgerReports(database).count_calls()
    assert in_ledger == 2, "those of records that are gone are compared with nothing"
    assert in_queue <= in_ledger
    assert sorted(await find_words(database, "castle")) == [stored_jobs[number].id for number in (CHILD, NEW)]
    before = {table.name: read_rows(url, table) for table in metadata.sorted_tables}
    assert await retention.delete_old_records(DAYS) == 0
    assert {table.name: read_rows(url, table) for table in metadata.sorted_tables} == before


@pytest.mark.parametrize(
    "need",
    [
        POST,
        "DELETE FROM ledger_entries WHERE job_id = :job AND kind = 'settlement'",
        "UPDATE jobs SET state = 'queued' WHERE id = :job",
        "UPDATE jobs SET delivered_at = 1900000000 WHERE id = :job",
    ],
    ids=["in a gallery", "not settled yet", "open", "delivered late"],
)
async def test_what_is_needed_stays(
    need: str, retention: SqlRetention, stored_jobs: Mapping[int, Job], migrated_database_url: str
) -> None:
    execute_sql(migrated_database_url, need, job=stored_jobs[OLD].id)

    await retention.delete_old_records(DAYS)

    assert stored_jobs[OLD].id in list_ids(migrated_database_url)


async def test_batches_that_are_over_go_and_others_keep_their_jobs(
    retention: SqlRetention, database: Database, catalogue: Catalogue, clock: Clock, migrated_database_url: str
) -> None:
    store = SqlBatchStore(database, catalogue=catalogue, clock=clock)
    assert await store.add_draft(make_batch(), make_items(2))
    url = migrated_database_url
    execute_sql(url, "UPDATE batches SET state = 'review', ended_at = NULL")
    clock.now = LATER
    assert await retention.delete_old_records(DAYS) == await retention.blank_old_prompts(DAYS) == 0
    assert len(read_rows(url, batch_items)) == 2
    execute_sql(url, "UPDATE batches SET state = :done, ended_at = :at", done=BatchState.DONE, at=NOON)

    assert await retention.blank_old_prompts(DAYS) == 1

    assert [json.loads(row["request_json"])["text_prompts"] for row in read_rows(url, batch_items)] == [[], []]
    found = await store.find_batch(BATCH_ID)
    assert found is not None
    assert (found.brief.title, found.brief.text) == ("spring catalogue", "")
    assert await retention.delete_old_records(DAYS) == 1
    assert read_rows(url, batches) == read_rows(url, batch_items) == []


async def test_old_prompts_are_blanked_and_nothing_else(
    retention: SqlRetention,
    stored_jobs: Mapping[int, Job],
    job_history: SqlJobHistory,
    job_store: SqlJobStore,
    database: Database,
    clock: Clock,
    migrated_database_url: str,
) -> None:
    assert await retention.blank_old_prompts(DAYS) == 2
    assert await retention.blank_old_prompts(DAYS) == 0

    old, new = [await job_history.find_job(stored_jobs[number].id) for number in (OLD, NEW)]
    assert old is not None
    assert new is not None
    assert (old.job.request.text_prompts, old.has_words, new.has_words) == ((), False, True)
    assert old.message == MessageRef(2, OLD)
    blanked = stored_jobs[OLD].request.model_copy(update={"text_prompts": ()})
    assert old.job == stored_jobs[OLD].model_copy(update={"request": blanked})
    assert "an old castle" not in str(read_rows(migrated_database_url, jobs))
    assert await find_words(database, "old castle") == []

    # the open job is as old: its words go when it has ended
    await job_store.mark_delivered(make_finished_status(stored_jobs[OPEN], since=clock.now), MessageRef(2, OPEN))
    clock.now += 3600
    assert await retention.blank_old_prompts(DAYS) == 1
    assert "an open castle" not in str(read_rows(migrated_database_url, jobs))
    assert "a new castle" in str(read_rows(migrated_database_url, jobs))
