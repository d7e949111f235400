"""Stored images, on SQLite, and on PostgreSQL where a server is installed."""

import hashlib

import pytest
from sqlalchemy import text

from bot.domain.guild_settings import GuildSettings
from bot.domain.images import StoredImage
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.images import LAST_USED_PRECISION_SECONDS, SqlImageStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import source_images, undelivered_images
from shared.problems import RejectedError
from shared.request.bundles import pack_pictures
from shared.request.pictures import Pictures
from tests.support.builders import NOON, SOURCE, Clock, make_finished_status, make_job, make_job_by, read_rows

GUILD, OTHER_GUILD = 1, 2
DAY = 86400
UPLOAD_SHA256 = hashlib.sha256(b"upload").hexdigest()


async def finish_job(job_store: SqlJobStore, number: int, *, guild_id: int = GUILD, sha256: str = UPLOAD_SHA256) -> str:
    job = make_job_by(number, guild_id=guild_id)
    await job_store.add_jobs([job], SOURCE)
    await job_store.mark_queued(job.id, sha256)
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
    clock.now = last_used_at + LAST_USED_PRECISION_SECONDS + 30 * DAY
    assert await image_store.delete_expired_images(30) == 0
    clock.now += 1
    assert await image_store.delete_expired_images(30) == 1
    assert await image_store.load_source_image(UPLOAD_SHA256) is None


async def test_the_pictures_of_an_edit_that_was_shown_but_not_started_go_after_a_day(
    job_store: SqlJobStore, image_store: SqlImageStore, clock: Clock
) -> None:
    started, unstarted = StoredImage("a" * 64, b"started"), StoredImage("b" * 64, b"unstarted")
    for image in (started, unstarted):
        await image_store.save_bundle(image)
    await job_store.add_jobs([make_job(1)], started)

    clock.now += DAY - 1
    assert await image_store.delete_expired_images(30) == 0
    clock.now += 1
    assert await image_store.delete_expired_images(30) == 1

    assert await image_store.load_source_image(unstarted.sha256) is None
    assert await image_store.load_source_image(started.sha256) == started


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
    job_store: SqlJobStore, image_store: SqlImageStore, database_url: str, clock: Clock
) -> None:
    job_id = await finish_job(job_store, 1)

    await image_store.save_undelivered_image(job_id, b"the result")
    await image_store.save_undelivered_image(job_id, b"another image")
    await image_store.save_undelivered_image("17", b"the result of an unknown job")

    assert await image_store.load_undelivered_image(job_id) == b"the result"
    assert [row["job_id"] for row in read_rows(database_url, undelivered_images)] == [job_id]
    clock.now = NOON + 30 * DAY
    assert await image_store.delete_expired_images(30) == 0
    clock.now += 1
    assert await image_store.delete_expired_images(30) == 1
    assert await image_store.load_undelivered_image(job_id) is None


@pytest.mark.parametrize(
    ("days_of_guilds", "kept_until"),
    [
        ({}, (30, 30)),
        ({GUILD: 7}, (7, 30)),
        ({GUILD: 7, OTHER_GUILD: 14}, (7, 14)),
        ({GUILD: 90}, (30, 30)),
    ],
)
async def test_a_guild_keeps_its_images_for_a_shorter_time_but_not_those_that_another_one_uses(
    database: Database,
    job_store: SqlJobStore,
    image_store: SqlImageStore,
    clock: Clock,
    days_of_guilds: dict[int, int],
    kept_until: tuple[int, int],
) -> None:
    settings = SqlGuildSettingsStore(database)
    for guild_id, days in days_of_guilds.items():
        await settings.change_settings(guild_id, 1, GuildSettings(), GuildSettings(retention_days=days))
    own = await finish_job(job_store, 1, sha256="a" * 64)
    await finish_job(job_store, 2)
    in_both = await finish_job(job_store, 3, guild_id=OTHER_GUILD)
    for job_id in (own, in_both):
        await image_store.save_source_image(job_id, b"image")
    await image_store.save_undelivered_image(own, b"result")
    stored_at = clock.now + LAST_USED_PRECISION_SECONDS

    kept: list[set[str]] = []
    for days in kept_until:
        clock.now = stored_at + days * DAY - 10
        await image_store.delete_expired_images(30)
        kept.append(await list_images(image_store, own))
        clock.now += 20
        await image_store.delete_expired_images(30)
        kept.append(await list_images(image_store, own))

    if kept_until[0] == kept_until[1]:
        assert kept[:2] == [{"own source", "shared source"}, set()]
    else:
        assert kept == [{"own source", "shared source"}, {"shared source"}, {"shared source"}, set()]


async def list_images(image_store: SqlImageStore, own: str) -> set[str]:
    """List the images that are stored; the result of a job is deleted an hour before its source."""
    images = {
        "own source": await image_store.load_source_image("a" * 64),
        "shared source": await image_store.load_source_image(UPLOAD_SHA256),
        "own result": await image_store.load_undelivered_image(own),
    }
    return {name for name, image in images.items() if image is not None}


async def test_a_result_that_was_not_delivered_is_kept_as_long_as_its_guild_wishes(
    database: Database, job_store: SqlJobStore, image_store: SqlImageStore, clock: Clock
) -> None:
    await SqlGuildSettingsStore(database).change_settings(GUILD, 1, GuildSettings(), GuildSettings(retention_days=7))
    own, other = await finish_job(job_store, 1), await finish_job(job_store, 2, guild_id=OTHER_GUILD)
    for job_id in (own, other):
        await image_store.save_undelivered_image(job_id, b"result")

    clock.now += 7 * DAY
    assert await image_store.delete_expired_images(30) == 0
    clock.now += 1
    assert await image_store.delete_expired_images(30) == 1
    assert await image_store.load_undelivered_image(own) is None
    assert await image_store.load_undelivered_image(other) == b"result"


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


async def test_the_pictures_of_an_edit_are_recorded_with_its_job_and_a_source_alone_is_not(
    job_store: SqlJobStore, image_store: SqlImageStore
) -> None:
    bundle = StoredImage("ab" * 32, pack_pictures(Pictures(b"source", b"mask")) or b"")
    alone = StoredImage("cd" * 32, b"source")

    await job_store.add_jobs([make_job(1), make_job(2)], bundle)
    await job_store.add_jobs([make_job(3)], bundle)
    await job_store.add_jobs([make_job(4)], alone)

    assert await image_store.load_source_image(bundle.sha256) == bundle
    assert await image_store.load_source_image(alone.sha256) is None
    await job_store.mark_queued(make_job(1).id, bundle.sha256)
    assert await image_store.refresh_source_image(make_job(1).id), "delivery stores it no second time"
