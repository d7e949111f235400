"""Jobs of the items of batches: recorded, settled and stored, on SQLite, and on PostgreSQL where there is a server."""

import asyncio

import pytest

from bot.domain.batches import BatchState, ItemState, Review
from bot.domain.images import StoredImage
from bot.storage.batch_jobs import SqlBatchJobStore
from bot.storage.batches import SqlBatchStore
from bot.storage.images import SqlImageStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import batch_results, jobs, queue_entries
from shared.catalogue import Catalogue
from shared.job import Job, make_retry_id
from shared.outcome import CANCELLED, Failed, Filtered, FilteredPart, Outcome
from shared.problems import RejectedError, make_problem
from tests.support.batches import BATCH_ID, IMAGE, IMAGE_SHA256, make_batch, make_item_job, make_items
from tests.support.builders import ADA_ID, GENERATED, NOON, Clock, make_finished_status, read_rows
from tests.support.database import execute_sql
from tests.support.ledger import read_balance

PRICE = 80_000  # of the default model, in millionths of a dollar
RESULT = b"a picture that a model made"
BUSY = Failed(problem=make_problem("quota_exceeded"))
CANCELLATION = Failed(problem=make_problem(CANCELLED, name="Ada"))


@pytest.fixture
def batches(database: Database, catalogue: Catalogue, clock: Clock) -> SqlBatchStore:
    return SqlBatchStore(database, catalogue=catalogue, clock=clock)


@pytest.fixture
def batch_jobs(database: Database, clock: Clock) -> SqlBatchJobStore:
    return SqlBatchJobStore(database, clock)


async def start_batch(batches: SqlBatchStore, count: int) -> None:
    assert await batches.add_draft(make_batch(), make_items(count, image_sha256=IMAGE_SHA256))
    await batches.add_image(BATCH_ID, IMAGE_SHA256, "castle.png", IMAGE)
    await batches.start(BATCH_ID)


async def queue_item(batches: SqlBatchStore, batch_jobs: SqlBatchJobStore, number: int) -> Job:
    """Record the job of an item, as the runner does."""
    batch, item = await batches.find_batch(BATCH_ID), await batches.find_item(BATCH_ID, number)
    assert batch is not None
    assert item is not None
    job = make_item_job(item, batch)
    assert job.batch is not None
    assert await batch_jobs.add_job(job, job.batch, StoredImage(IMAGE_SHA256, IMAGE))
    return job


@pytest.mark.parametrize(
    ("outcome", "image", "state", "spent"),
    [
        (GENERATED, RESULT, ItemState.GENERATED, PRICE),
        (GENERATED, None, ItemState.FAILED, PRICE),
        (Filtered(part=FilteredPart.OUTPUT, duration_seconds=1), None, ItemState.FILTERED, PRICE),
        (BUSY, None, ItemState.FAILED, 0),
        (CANCELLATION, None, ItemState.CANCELLED, 0),
        (None, None, ItemState.FAILED, PRICE),
    ],
)
async def test_an_outcome_ends_the_item_the_record_and_the_reservation_together_and_once(
    batches: SqlBatchStore,
    batch_jobs: SqlBatchJobStore,
    job_store: SqlJobStore,
    database_url: str,
    outcome: Outcome | None,
    image: bytes | None,
    state: ItemState,
    spent: int,
) -> None:
    await start_batch(batches, 2)
    job = await queue_item(batches, batch_jobs, 1)
    assert read_balance(database_url) == (2 * PRICE, 0)
    assert (await batches.count_items(BATCH_ID)).by_state == {ItemState.QUEUED: 1, ItemState.PENDING: 1}

    for _ in range(2):
        await job_store.mark_delivered(make_finished_status(job, outcome), None, image)

    item = await batches.find_item(BATCH_ID, 1)
    assert item is not None
    assert (item.state, item.cost) == (state, spent)
    assert item.seed == (GENERATED.seed if state is ItemState.GENERATED else None)
    if isinstance(outcome, Failed):
        assert item.problem == outcome.problem
    assert read_balance(database_url) == (PRICE, spent)
    assert [row["image"] for row in read_rows(database_url, batch_results)] == [image] * (image is not None)
    assert await batches.load_result(job.id) == image
    assert [(sheet.version, sheet.drawn_version) for sheet in await batches.list_sheets(BATCH_ID)] == [(1, 0)]
    batch = await batches.find_batch(BATCH_ID)
    assert batch is not None
    assert (batch.state, batch.due_at) == (BatchState.RUNNING, NOON)


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ((GENERATED, BUSY), BatchState.REVIEW),
        ((BUSY, BUSY), BatchState.DONE),
        ((CANCELLATION, CANCELLATION), BatchState.CANCELLED),
    ],
)
async def test_a_batch_without_open_items_waits_for_reviewers_if_there_is_a_picture(
    batches: SqlBatchStore,
    batch_jobs: SqlBatchJobStore,
    job_store: SqlJobStore,
    outcomes: tuple[Outcome, Outcome],
    state: BatchState,
) -> None:
    await start_batch(batches, 2)
    queued = [await queue_item(batches, batch_jobs, number) for number in (1, 2)]
    await batches.pause(BATCH_ID)

    await asyncio.gather(
        *(
            job_store.mark_delivered(make_finished_status(job, outcome), None, RESULT)
            for job, outcome in zip(queued, outcomes, strict=True)
        )
    )

    batch = await batches.find_batch(BATCH_ID)
    assert batch is not None
    assert (batch.state, batch.is_final) == (state, state is not BatchState.REVIEW)


async def test_a_job_is_recorded_once_and_only_while_its_batch_runs(
    batches: SqlBatchStore, batch_jobs: SqlBatchJobStore, database_url: str
) -> None:
    await start_batch(batches, 2)
    job = await queue_item(batches, batch_jobs, 1)
    batch, item = await batches.find_batch(BATCH_ID), await batches.find_item(BATCH_ID, 2)
    assert batch is not None
    assert item is not None
    other = make_item_job(item, batch)
    assert job.batch is not None
    assert other.batch is not None
    assert not await batch_jobs.add_job(job, job.batch, None)
    await batches.pause(BATCH_ID)

    assert not await batch_jobs.add_job(other, other.batch, None)
    assert [(row["id"], row["source_sha256"]) for row in read_rows(database_url, jobs)] == [(job.id, IMAGE_SHA256)]
    assert [row["job_id"] for row in read_rows(database_url, queue_entries)] == [job.id]


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_an_item_that_finds_no_room_waits_or_is_cancelled_with_its_batch(
    batches: SqlBatchStore, batch_jobs: SqlBatchJobStore, database_url: str, is_cancelled: bool
) -> None:
    await start_batch(batches, 2)
    job = await queue_item(batches, batch_jobs, 1)
    assert job.batch is not None
    if is_cancelled:
        await batches.cancel_rest(BATCH_ID)

    for _ in range(2):
        await batch_jobs.withdraw_job(job, job.batch)

    assert read_rows(database_url, jobs) == []
    counts, batch = await batches.count_items(BATCH_ID), await batches.find_batch(BATCH_ID)
    assert batch is not None
    if is_cancelled:
        assert (batch.state, counts.by_state) == (BatchState.CANCELLED, {ItemState.CANCELLED: 2})
        assert read_balance(database_url) == (0, 0)
    else:
        assert (batch.state, counts.by_state) == (BatchState.RUNNING, {ItemState.PENDING: 2})
        assert read_balance(database_url) == (2 * PRICE, 0)


async def test_a_job_that_the_queue_refuses_fails_its_item_which_can_be_tried_again(
    batches: SqlBatchStore, batch_jobs: SqlBatchJobStore, job_store: SqlJobStore, database_url: str
) -> None:
    await start_batch(batches, 1)
    job = await queue_item(batches, batch_jobs, 1)

    await job_store.mark_rejected(job.id, make_problem("source_expired"))

    item = await batches.find_item(BATCH_ID, 1)
    assert item is not None
    assert (item.state, item.problem) == (ItemState.FAILED, make_problem("source_expired"))
    assert read_balance(database_url) == (0, 0)
    await batches.retry_failed(BATCH_ID)
    again = await queue_item(batches, batch_jobs, 1)
    assert again.id != job.id
    await job_store.mark_delivered(make_finished_status(again), None, RESULT)
    assert read_balance(database_url) == (0, PRICE)


async def test_a_dead_letter_that_is_tried_again_mends_the_item_that_failed(
    batches: SqlBatchStore, batch_jobs: SqlBatchJobStore, job_store: SqlJobStore, database_url: str
) -> None:
    await start_batch(batches, 1)
    job = await queue_item(batches, batch_jobs, 1)
    await job_store.mark_delivered(make_finished_status(job, BUSY), None)
    retried = job.model_copy(update={"id": make_retry_id(NOON, 1)})

    await job_store.mark_delivered(make_finished_status(retried), None, RESULT)

    item = await batches.find_item(BATCH_ID, 1)
    assert item is not None
    assert (item.state, item.job_id) == (ItemState.GENERATED, retried.id)
    assert read_balance(database_url) == (0, PRICE)


async def test_the_end_of_an_item_is_never_lost_with_the_database(
    batches: SqlBatchStore, batch_jobs: SqlBatchJobStore, job_store: SqlJobStore, database: Database
) -> None:
    await start_batch(batches, 1)
    job = await queue_item(batches, batch_jobs, 1)
    async with database.transaction() as connection:
        await connection.exec_driver_sql("ALTER TABLE batch_results RENAME TO away")

    with pytest.raises(RejectedError):
        await job_store.mark_delivered(make_finished_status(job), None, RESULT)

    async with database.transaction() as connection:
        await connection.exec_driver_sql("ALTER TABLE away RENAME TO batch_results")
    await job_store.mark_delivered(make_finished_status(job), None, RESULT)
    assert await batches.load_result(job.id) == RESULT


async def test_a_result_is_found_as_any_other_until_it_is_deleted(
    batches: SqlBatchStore,
    batch_jobs: SqlBatchJobStore,
    job_store: SqlJobStore,
    job_history: SqlJobHistory,
    image_store: SqlImageStore,
) -> None:
    await start_batch(batches, 1)
    job = await queue_item(batches, batch_jobs, 1)
    source = await image_store.load_upload(job, IMAGE_SHA256)
    assert source is not None
    assert source.data == IMAGE
    await job_store.mark_delivered(make_finished_status(job), None, RESULT)
    record = await job_history.find_job(job.id)
    assert record is not None
    assert (record.outcome_kind, record.is_secret, record.message) == ("generated", False, None)
    assert await image_store.load_undelivered_image(job.id) == RESULT

    await job_history.mark_result_deleted(job.id)

    assert await image_store.load_undelivered_image(job.id) is None
    item, batch = await batches.find_item(BATCH_ID, 1), await batches.find_batch(BATCH_ID)
    assert item is not None
    assert batch is not None
    assert (item.review, item.reviewer_id, batch.state) == (Review.REJECTED, None, BatchState.DONE)
    assert record.job.requester.id == ADA_ID


async def test_items_whose_jobs_ended_in_a_release_without_batches_fail(
    batches: SqlBatchStore, batch_jobs: SqlBatchJobStore, job_store: SqlJobStore, database_url: str
) -> None:
    await start_batch(batches, 3)
    queued = [await queue_item(batches, batch_jobs, number) for number in (1, 2, 3)]
    execute_sql(database_url, "UPDATE jobs SET state = 'delivered' WHERE id = :id", id=queued[0].id)
    other_release = "INSERT INTO outcomes (job_id, kind, cost_usd) VALUES (:id, 'generated', 0.08)"
    execute_sql(database_url, other_release, id=queued[0].id)
    execute_sql(database_url, "DELETE FROM jobs WHERE id = :id", id=queued[1].id)
    await job_store.settle_closed_jobs()

    for _ in range(2):
        await batches.end_lost_items(BATCH_ID)

    assert (await batches.count_items(BATCH_ID)).by_state == {ItemState.FAILED: 2, ItemState.QUEUED: 1}
    assert [item.cost for item in await batches.list_items(BATCH_ID)] == [PRICE, 0, 0]
    assert read_balance(database_url) == (PRICE, PRICE)
