"""Stored images, on SQLite, and on PostgreSQL where a server is installed."""

import hashlib

import pytest
from sqlalchemy import text

from bot.domain.images import StoredImage
from bot.storage.images import LAST_USED_PRECISION_SECONDS, SqlImageStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import source_images, undelivered_images
from shared.problems import RejectedError
from tests.support.builders import NOON, SOURCE, Clock, make_finished_status, make_job, read_rows

UPLOAD_SHA256 = hashlib.sha256(b"upload").hexdigest()


async def finish_job(job_store: SqlJobStore, number: int) -> str:
    job = make_job(number)
    await job_store.add_jobs([job], SOURCE)
    await job_store.mark_queued(job.id, UPLOAD_SHA256)
    await job_store.mark_delivered(make_finished_status(job), None)
    return job.id


async def test_a_source_image_is_stored_once_for_all_jobs_of_an_upload_until_no_job_uses_it(
    database_url: str, job_store: SqlJobStore, image_store: SqlImageStore, clock: Clock
) -> None:
    first, second = await finish_job(job_store, 1), await finish_job(job_store, 2)
    assert not await image_store.refresh_source_image(first)
    await image_store.save_source_image(first, b"as prepared for the model")
    await image_store.save_source_image(second, b"the same again")
    clock.now += LAST_USED_PRECISION_SECONDS
    assert await image_store.refresh_source_image(second)
    last_used_at = clock.now = clock.now + 1
    assert await image_store.refresh_source_image(second)

    assert await image_store.load_source_image(UPLOAD_SHA256) == StoredImage(
        UPLOAD_SHA256, b"as prepared for the model"
    )
    assert [row["last_used_at"] for row in read_rows(database_url, source_images)] == [last_used_at]
    assert await image_store.delete_expired_images(before=last_used_at + LAST_USED_PRECISION_SECONDS) == 0
    assert await image_store.delete_expired_images(before=last_used_at + LAST_USED_PRECISION_SECONDS + 1) == 1
    assert await image_store.load_source_image(UPLOAD_SHA256) is None


async def test_a_job_that_starts_from_a_stored_image_is_recorded_with_its_hash(
    job_store: SqlJobStore, job_history: SqlJobHistory
) -> None:
    await job_store.add_jobs([make_job(1)], StoredImage(UPLOAD_SHA256, b"x"))

    past_record = await job_history.find_job(make_job(1).id)
    (open_record,) = await job_store.list_open_records()

    assert past_record is not None
    assert (past_record.source_sha256, open_record.upload_sha256, open_record.remote_image) == (
        UPLOAD_SHA256,
        UPLOAD_SHA256,
        None,
    )


async def test_an_undelivered_image_is_stored_once_until_it_expires(
    job_store: SqlJobStore, image_store: SqlImageStore, database_url: str
) -> None:
    job_id = await finish_job(job_store, 1)

    await image_store.save_undelivered_image(job_id, b"the result")
    await image_store.save_undelivered_image(job_id, b"another image")
    await image_store.save_undelivered_image("17", b"the result of an unknown job")

    assert await image_store.load_undelivered_image(job_id) == b"the result"
    assert [row["job_id"] for row in read_rows(database_url, undelivered_images)] == [job_id]
    assert await image_store.delete_expired_images(before=NOON) == 0
    assert await image_store.delete_expired_images(before=NOON + 1) == 1
    assert await image_store.load_undelivered_image(job_id) is None


async def test_a_database_that_fails_is_reported_when_loading_and_only_logged_when_storing_a_source_image(
    database: Database, image_store: SqlImageStore, caplog: pytest.LogCaptureFixture
) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("DROP TABLE source_images"))

    await image_store.save_source_image(make_job(1).id, b"x")
    assert not await image_store.refresh_source_image(make_job(1).id)
    with pytest.raises(RejectedError):
        await image_store.load_source_image(UPLOAD_SHA256)
    assert f"job {make_job(1).id}: its source image could not be looked up" in caplog.text
