"""Results of past jobs and their thumbnails: loaded from the database, made once, left out where there are none."""

import asyncio
import io
from dataclasses import replace

import discord
import pytest
from PIL import Image

from bot.domain.images import RemoteImage
from bot.domain.messages import MessageRef
from bot.domain.records import JobRecord
from bot.results.images import ResultImageLoader
from bot.results.thumbnails import ThumbnailLoader
from bot.storage.images import SqlImageStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import thumbnails, undelivered_images
from bot.storage.thumbnails import SqlThumbnailStore
from shared.outcome import Filtered, FilteredPart, Outcome
from tests.support.builders import GENERATED, Clock, make_finished_status, make_job, read_rows
from tests.support.images import make_png

CLIENT = discord.Client(intents=discord.Intents.none())


async def find_no_message(client: discord.Client, record: JobRecord) -> None:
    return None


async def fail_download(source: RemoteImage) -> bytes:
    raise AssertionError("no message shows a picture here")


async def finish_undelivered(job_store: SqlJobStore, number: int, outcome: Outcome = GENERATED) -> str:
    await job_store.add_jobs([make_job(number)], None)
    await job_store.mark_delivered(make_finished_status(make_job(number), outcome), None)
    return make_job(number).id


async def load_record(job_history: SqlJobHistory, number: int) -> JobRecord:
    record = await job_history.find_job(make_job(number).id)
    assert record is not None
    return record


@pytest.fixture
def thumbnail_loader(database: Database, image_store: SqlImageStore) -> ThumbnailLoader:
    return ThumbnailLoader(ResultImageLoader(image_store, fail_download, find_no_message), SqlThumbnailStore(database))


async def test_a_thumbnail_is_made_once_and_then_stored(
    job_store: SqlJobStore,
    job_history: SqlJobHistory,
    image_store: SqlImageStore,
    thumbnail_loader: ThumbnailLoader,
    database_url: str,
    clock: Clock,
) -> None:
    await image_store.save_undelivered_image(await finish_undelivered(job_store, 1), make_png(600))

    (first,) = await thumbnail_loader.load_thumbnails(CLIENT, [await load_record(job_history, 1)])
    clock.now += 1
    await image_store.delete_expired_images(0)
    (second,) = await thumbnail_loader.load_thumbnails(CLIENT, [await load_record(job_history, 1)])

    assert first is not None
    assert Image.open(io.BytesIO(first)).size == (512, 512)
    assert second == first == read_rows(database_url, thumbnails)[0]["jpeg"]


async def test_jobs_without_an_image_are_left_out_and_the_others_keep_their_places(
    job_store: SqlJobStore, job_history: SqlJobHistory, image_store: SqlImageStore, thumbnail_loader: ThumbnailLoader
) -> None:
    await image_store.save_undelivered_image(await finish_undelivered(job_store, 1), make_png(8))
    await finish_undelivered(job_store, 2, Filtered(part=FilteredPart.OUTPUT, duration_seconds=1))
    await image_store.save_undelivered_image(await finish_undelivered(job_store, 3), b"not a picture")
    await image_store.save_undelivered_image(await finish_undelivered(job_store, 4), make_png(8))

    found = await thumbnail_loader.load_thumbnails(
        CLIENT, [await load_record(job_history, number) for number in (1, 2, 3, 4)]
    )

    assert [thumbnail is not None for thumbnail in found] == [True, False, False, True]


async def test_a_deleted_result_leaves_no_image_behind(
    job_store: SqlJobStore,
    job_history: SqlJobHistory,
    image_store: SqlImageStore,
    thumbnail_loader: ThumbnailLoader,
    database_url: str,
) -> None:
    job_id = await finish_undelivered(job_store, 1)
    await image_store.save_undelivered_image(job_id, make_png(8))
    before = await load_record(job_history, 1)
    await thumbnail_loader.load_thumbnails(CLIENT, [before])

    await job_history.mark_result_deleted(job_id)

    assert await thumbnail_loader.load_thumbnails(CLIENT, [await load_record(job_history, 1)]) == [None]
    await thumbnail_loader.store.save_thumbnail(job_id, b"made during the deletion")
    assert read_rows(database_url, thumbnails) == read_rows(database_url, undelivered_images) == []


async def test_an_image_that_takes_too_long_is_left_out(
    job_store: SqlJobStore, job_history: SqlJobHistory, image_store: SqlImageStore, thumbnail_loader: ThumbnailLoader
) -> None:
    async def wait_forever(client: discord.Client, record: JobRecord) -> None:
        await asyncio.Event().wait()

    slow = replace(
        thumbnail_loader, image_loader=ResultImageLoader(image_store, fail_download, wait_forever), timeout_seconds=0.05
    )
    await finish_undelivered(job_store, 1)

    assert await slow.load_thumbnails(CLIENT, [await load_record(job_history, 1)]) == [None]


async def test_a_result_whose_message_was_deleted_has_no_image(
    job_store: SqlJobStore, job_history: SqlJobHistory, image_store: SqlImageStore
) -> None:
    await job_store.add_jobs([make_job(1)], None)
    await job_store.mark_delivered(make_finished_status(make_job(1)), MessageRef(2, None))

    loader = ResultImageLoader(image_store, fail_download, find_no_message)
    assert await loader.load_image(CLIENT, await load_record(job_history, 1)) is None
