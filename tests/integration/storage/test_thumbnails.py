"""Pictures of past jobs, whole and small: from what is kept, made once, left out where there is none."""

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
from bot.storage.job_history import SqlJobHistory
from bot.storage.jobs import SqlJobStore
from bot.storage.tables import thumbnails, undelivered_images
from bot.storage.thumbnails import SqlThumbnailStore
from shared.outcome import Filtered, FilteredPart, Outcome
from tests.support.builders import GENERATED, NOON, Clock, make_finished_status, make_job, read_rows

CLIENT = discord.Client(intents=discord.Intents.none())


def make_png(side: int = 600) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), (200, 30, 30)).save(out, "PNG")
    return out.getvalue()


async def find_no_message(client: discord.Client, record: JobRecord) -> None:
    return None


async def fail_download(source: RemoteImage) -> bytes:
    raise AssertionError("no message shows a picture here")


async def finish_undelivered(records: SqlJobStore, number: int, outcome: Outcome = GENERATED) -> str:
    await records.add_job(make_job(number), None)
    await records.mark_delivered(make_finished_status(make_job(number), outcome), None)
    return make_job(number).id


async def load_job(library: SqlJobHistory, number: int) -> JobRecord:
    found = await library.find_job(make_job(number).id)
    assert found is not None
    return found


@pytest.fixture
def library(records: SqlJobStore, clock: Clock) -> SqlJobHistory:
    return SqlJobHistory(records.database, clock=clock)


@pytest.fixture
def thumbnailer(records: SqlJobStore, library: SqlJobHistory) -> ThumbnailLoader:
    return ThumbnailLoader(
        ResultImageLoader(library, fail_download, find_no_message), SqlThumbnailStore(records.database)
    )


async def test_a_picture_told_nowhere_is_kept_once_and_dropped_in_time(
    records: SqlJobStore, library: SqlJobHistory, database_url: str
) -> None:
    made = await finish_undelivered(records, 1)

    await library.save_undelivered_image(made, make_png())
    await library.save_undelivered_image(made, b"another")
    await library.save_undelivered_image("17", b"of a job that nobody knows")

    assert await library.load_undelivered_image(made) == make_png()
    assert [row["job_id"] for row in read_rows(database_url, undelivered_images)] == [made]
    assert await library.delete_expired_images(before=NOON) == 0
    assert await library.delete_expired_images(before=NOON + 1) == 1
    assert await library.load_undelivered_image(made) is None


async def test_a_thumbnail_is_made_once_and_then_kept(
    records: SqlJobStore, library: SqlJobHistory, thumbnailer: ThumbnailLoader, database_url: str
) -> None:
    await library.save_undelivered_image(await finish_undelivered(records, 1), make_png())

    (first,) = await thumbnailer.load_thumbnails(CLIENT, [await load_job(library, 1)])
    await library.delete_expired_images(before=NOON + 1)
    (second,) = await thumbnailer.load_thumbnails(CLIENT, [await load_job(library, 1)])

    assert first is not None
    assert Image.open(io.BytesIO(first)).size == (512, 512)
    assert second == first == read_rows(database_url, thumbnails)[0]["jpeg"]


async def test_what_has_no_picture_is_left_out_and_the_others_keep_their_places(
    records: SqlJobStore, library: SqlJobHistory, thumbnailer: ThumbnailLoader
) -> None:
    await library.save_undelivered_image(await finish_undelivered(records, 1), make_png(8))
    await finish_undelivered(records, 2, Filtered(part=FilteredPart.OUTPUT, duration_seconds=1))
    await library.save_undelivered_image(await finish_undelivered(records, 3), b"not a picture")
    await library.save_undelivered_image(await finish_undelivered(records, 4), make_png(8))

    found = await thumbnailer.load_thumbnails(CLIENT, [await load_job(library, number) for number in (1, 2, 3, 4)])

    assert [small is not None for small in found] == [True, False, False, True]


async def test_a_deleted_answer_leaves_no_picture_behind(
    records: SqlJobStore, library: SqlJobHistory, thumbnailer: ThumbnailLoader, database_url: str
) -> None:
    made = await finish_undelivered(records, 1)
    await library.save_undelivered_image(made, make_png(8))
    before = await load_job(library, 1)
    await thumbnailer.load_thumbnails(CLIENT, [before])

    await library.mark_result_deleted(made)

    assert await thumbnailer.load_thumbnails(CLIENT, [await load_job(library, 1)]) == [None]
    await thumbnailer.store.save_thumbnail(made, b"made while it was deleted")
    assert read_rows(database_url, thumbnails) == read_rows(database_url, undelivered_images) == []


async def test_what_takes_too_long_is_left_out(
    records: SqlJobStore, library: SqlJobHistory, thumbnailer: ThumbnailLoader
) -> None:
    async def never(client: discord.Client, record: JobRecord) -> None:
        await asyncio.Event().wait()

    slow = replace(thumbnailer, image_loader=ResultImageLoader(library, fail_download, never), timeout_seconds=0.05)
    await finish_undelivered(records, 1)

    assert await slow.load_thumbnails(CLIENT, [await load_job(library, 1)]) == [None]


async def test_a_place_that_holds_no_message_is_no_picture(records: SqlJobStore, library: SqlJobHistory) -> None:
    await records.add_job(make_job(1), None)
    await records.mark_delivered(make_finished_status(make_job(1)), MessageRef(2, None))

    assert (
        await ResultImageLoader(library, fail_download, find_no_message).load_image(CLIENT, await load_job(library, 1))
        is None
    )
