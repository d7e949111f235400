"""Deleting pictures of batches in time, and the batches of people who delete their data."""

import pytest
from sqlalchemy import text

from bot.domain.batches import BatchState, Brief, ItemState, Review
from bot.domain.guild_settings import GuildSettings
from bot.features.privacy.store import SqlUserDataStore
from bot.storage.batch_retention import PICTURES_PER_TRANSACTION
from bot.storage.batches import SqlBatchStore
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.session import Database
from bot.storage.tables import batch_images, batch_items, batch_results, batches, ledger_entries
from shared.catalogue import Catalogue
from tests.support.batches import BATCH_ID, IMAGE, IMAGE_SHA256, make_batch, make_items
from tests.support.builders import ADA_ID, BEN_ID, Clock, read_rows
from tests.support.database import execute_sql

DAY = 86400
OTHER_ID = "1300000000000000778"


@pytest.fixture
def store(database: Database, catalogue: Catalogue, clock: Clock) -> SqlBatchStore:
    return SqlBatchStore(database, catalogue=catalogue, clock=clock)


async def start_batch(store: SqlBatchStore, url: str, batch_id: str = BATCH_ID, assignee_id: int | None = None) -> None:
    """Start a batch of two items, one of which has a picture by now."""
    batch = make_batch(batch_id, brief=Brief("spring", assignee_id=assignee_id))
    assert await store.add_draft(batch, make_items(2, batch_id, image_sha256=IMAGE_SHA256))
    await store.add_image(batch_id, IMAGE_SHA256, "castle.png", IMAGE)
    await store.start(batch_id)
    values = {"batch": batch_id, "state": ItemState.GENERATED, "job": f"{batch_id}-001"}
    execute_sql(url, "UPDATE batch_items SET state = :state WHERE batch_id = :batch AND number = 1", **values)
    add_result = (
        "INSERT INTO batch_results (job_id, batch_id, image, sha256, stored_at) VALUES (:job, :batch, :image, '1', 1)"
    )
    execute_sql(url, add_result, **values, image=b"a result")


def count_pictures(url: str) -> int:
    return sum(len(read_rows(url, table)) for table in (batch_images, batch_results))


@pytest.mark.parametrize(("guild_days", "kept_days"), [(None, 30), (3, 3), (90, 30)])
async def test_pictures_are_deleted_a_while_after_the_batch_has_ended(
    store: SqlBatchStore,
    database: Database,
    database_url: str,
    clock: Clock,
    guild_days: int | None,
    kept_days: int,
) -> None:
    settings = SqlGuildSettingsStore(database)
    await settings.change_settings(1, ADA_ID, GuildSettings(), GuildSettings(retention_days=guild_days))
    await start_batch(store, database_url)
    for number in range(PICTURES_PER_TRANSACTION):
        await store.add_image(BATCH_ID, str(number), "castle.png", IMAGE)
    clock.now += 100 * DAY
    assert await store.delete_expired_pictures(30) == 0
    await store.cancel_rest(BATCH_ID)
    await store.review_items(BATCH_ID, [1], Review.ACCEPTED, BEN_ID)
    batch = await store.find_batch(BATCH_ID)
    assert batch is not None
    assert batch.state is BatchState.DONE

    clock.now += kept_days * DAY
    assert await store.delete_expired_pictures(30) == 0
    assert count_pictures(database_url) == PICTURES_PER_TRANSACTION + 2
    clock.now += 1
    assert await store.delete_expired_pictures(30) == PICTURES_PER_TRANSACTION + 2

    assert count_pictures(database_url) == 0
    assert [item.review for item in await store.list_items(BATCH_ID)] == [Review.ACCEPTED, Review.UNDECIDED]


async def test_the_batches_of_a_person_are_deleted_once_they_run_no_more(
    store: SqlBatchStore, database: Database, database_url: str
) -> None:
    privacy = SqlUserDataStore(database)
    await start_batch(store, database_url)
    running = await privacy.delete_personal_data(ADA_ID)
    assert (running.batches, running.open_jobs) == (0, 1)
    assert await store.find_batch(BATCH_ID) is not None
    await store.cancel_rest(BATCH_ID)

    summary = await privacy.delete_personal_data(ADA_ID)

    assert (summary.batches, summary.open_jobs) == (1, 0)
    assert [read_rows(database_url, table) for table in (batches, batch_items, batch_images, batch_results)] == [[]] * 4
    entries = read_rows(database_url, ledger_entries)
    assert {entry["user_id"] for entry in entries} == {0}


async def test_a_batch_of_somebody_else_loses_the_name_of_a_reviewer(
    store: SqlBatchStore, database: Database, database_url: str
) -> None:
    await start_batch(store, database_url, assignee_id=BEN_ID)
    await store.review_items(BATCH_ID, [1], Review.ACCEPTED, BEN_ID)
    async with database.transaction() as connection:
        await connection.execute(text("UPDATE batches SET approver_id = :user_id"), {"user_id": BEN_ID})

    await SqlUserDataStore(database).delete_personal_data(BEN_ID)

    batch, item = await store.find_batch(BATCH_ID), await store.find_item(BATCH_ID, 1)
    assert batch is not None
    assert item is not None
    assert (batch.approver_id, batch.brief, item.reviewer_id) == (0, Brief("spring"), 0)
    assert item.review is Review.ACCEPTED


async def test_the_batches_of_a_blocked_member_can_be_cancelled_together(
    store: SqlBatchStore, database_url: str
) -> None:
    await start_batch(store, database_url)
    await start_batch(store, database_url, OTHER_ID)

    assert await store.cancel_member_batches(1, ADA_ID) == 2
    assert await store.cancel_member_batches(1, ADA_ID) == 0

    assert [batch.state for batch in await store.list_batches(1, 9)] == [BatchState.REVIEW] * 2
    assert sum(row["reserved"] for row in read_rows(database_url, ledger_entries)) == 2 * 80_000
