"""Pictures of past jobs, whole and small: from what is kept, made once, left out where there is none."""

import asyncio
import io
from dataclasses import replace

import pytest
from PIL import Image

from bot.adapters.library import Library
from bot.adapters.records import Records
from bot.adapters.thumbnails import KeptThumbnails
from bot.ports import Past, Source, Told
from bot.records.models import results, thumbnails
from bot.thumbnails import Pictures, Thumbnailer
from shared.outcome import Filtered, Outcome, Side
from tests.bot.records.desk import MADE, NOON, Clock, finished, job, rows


def png(side: int = 600) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), (200, 30, 30)).save(out, "PNG")
    return out.getvalue()


async def nowhere(past: Past) -> None:
    return None


async def unreachable(source: Source) -> bytes:
    raise AssertionError("no message shows a picture here")


async def told_nowhere(records: Records, number: int, outcome: Outcome = MADE) -> str:
    await records.accepted(job(number), None)
    await records.delivered(finished(job(number), outcome), None)
    return job(number).id


async def past(library: Library, number: int) -> Past:
    found = await library.past(job(number).id)
    assert found is not None
    return found


@pytest.fixture
def library(records: Records, clock: Clock) -> Library:
    return Library(records.database, clock=clock)


@pytest.fixture
def thumbnailer(records: Records, library: Library) -> Thumbnailer:
    return Thumbnailer(Pictures(nowhere, library, unreachable), KeptThumbnails(records.database))


async def test_a_picture_told_nowhere_is_kept_once_and_dropped_in_time(
    records: Records, library: Library, database_url: str
) -> None:
    made = await told_nowhere(records, 1)

    await library.keep_result(made, png())
    await library.keep_result(made, b"another")
    await library.keep_result("17", b"of a job that nobody knows")

    assert await library.result(made) == png()
    assert [row["job_id"] for row in rows(database_url, results)] == [made]
    assert await library.drop_pictures(before=NOON) == 0
    assert await library.drop_pictures(before=NOON + 1) == 1
    assert await library.result(made) is None


async def test_a_thumbnail_is_made_once_and_then_kept(
    records: Records, library: Library, thumbnailer: Thumbnailer, database_url: str
) -> None:
    await library.keep_result(await told_nowhere(records, 1), png())

    (first,) = await thumbnailer.of([await past(library, 1)])
    await library.drop_pictures(before=NOON + 1)
    (second,) = await thumbnailer.of([await past(library, 1)])

    assert first is not None
    assert Image.open(io.BytesIO(first)).size == (512, 512)
    assert second == first == rows(database_url, thumbnails)[0]["jpeg"]


async def test_what_has_no_picture_is_left_out_and_the_others_keep_their_places(
    records: Records, library: Library, thumbnailer: Thumbnailer
) -> None:
    await library.keep_result(await told_nowhere(records, 1), png(8))
    await told_nowhere(records, 2, Filtered(side=Side.OUTPUT, seconds=1))
    await library.keep_result(await told_nowhere(records, 3), b"not a picture")
    await library.keep_result(await told_nowhere(records, 4), png(8))

    found = await thumbnailer.of([await past(library, number) for number in (1, 2, 3, 4)])

    assert [small is not None for small in found] == [True, False, False, True]


async def test_a_deleted_answer_leaves_no_picture_behind(
    records: Records, library: Library, thumbnailer: Thumbnailer, database_url: str
) -> None:
    made = await told_nowhere(records, 1)
    await library.keep_result(made, png(8))
    before = await past(library, 1)
    await thumbnailer.of([before])

    await library.deleted(made)

    assert await thumbnailer.of([await past(library, 1)]) == [None]
    await thumbnailer.kept.put(made, b"made while it was deleted")
    assert rows(database_url, thumbnails) == rows(database_url, results) == []


async def test_what_takes_too_long_is_left_out(records: Records, library: Library, thumbnailer: Thumbnailer) -> None:
    async def never(past: Past) -> None:
        await asyncio.Event().wait()

    slow = replace(thumbnailer, pictures=Pictures(never, library, unreachable), deadline=0.05)
    await told_nowhere(records, 1)

    assert await slow.of([await past(library, 1)]) == [None]


async def test_a_place_that_holds_no_message_is_no_picture(records: Records, library: Library) -> None:
    await records.accepted(job(1), None)
    await records.delivered(finished(job(1)), Told(2, None))

    assert await Pictures(nowhere, library, unreachable).of(await past(library, 1)) is None
