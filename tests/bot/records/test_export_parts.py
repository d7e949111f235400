"""An export goes through a person's jobs, part after part, and goes on where it ended: each job once, none left out."""

import io
import json
import os
import zipfile
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PIL import Image

from bot.adapters.library import Library
from bot.adapters.records import Records
from bot.adapters.search import JobSearch
from bot.looking.export import Export, Going
from bot.ports import Past, Source
from bot.thumbnails import Pictures
from shared.outcome import Filtered, Side
from tests.bot.records.desk import NOON, finished
from tests.bot.records.test_search import ADA, BEN, asked

LIMIT = 40_000


def noise() -> bytes:
    """A picture of about 12 kB."""
    out = io.BytesIO()
    Image.frombytes("RGB", (64, 64), os.urandom(64 * 64 * 3)).save(out, "PNG")
    return out.getvalue()


async def nowhere(past: Past) -> None:
    return None


async def unreachable(source: Source) -> bytes:
    raise AssertionError("no message shows a picture here")


@pytest.fixture
def export(records: Records) -> Export:
    pictures = Pictures(nowhere, Library(records.database), unreachable)
    return Export(JobSearch(records.database), pictures, parts=2)


async def go(export: Export, going: Going) -> list[list[dict[str, Any]]]:
    """Make the parts of one go; give the manifest of each."""
    ada = cast("Any", SimpleNamespace(user=SimpleNamespace(id=ADA), filesize_limit=LIMIT))
    found = []
    async for part in export._filled(ada, int(NOON) + 10**6, going):
        going.parts += 1
        assert len(part) <= LIMIT
        with zipfile.ZipFile(io.BytesIO(part)) as opened:
            jobs = json.loads(opened.read("manifest.json"))["jobs"]
            assert {one["picture"] for one in jobs if one["picture"]} == set(opened.namelist()) - {"manifest.json"}
        found.append(jobs)
    return found


async def test_parts_and_goes_cover_every_job_once(records: Records, export: Export) -> None:
    library = Library(records.database)
    for number in range(1, 8):
        one = asked(number)
        await records.accepted(one, None)
        await records.delivered(finished(one), None)
        await library.keep_result(one.id, noise())
    await records.accepted(asked(20, user=BEN), None)
    await records.delivered(finished(asked(20, user=BEN)), None)

    first, second = Going(0), Going(0)
    parts = await go(export, first)
    second.skip = first.skip
    more = await go(export, second)

    ids = [int(one["job"]) - int(asked(0).id) for part in (*parts, *more) for one in part]
    assert ids == [7, 6, 5, 4, 3, 2, 1]
    assert [len(parts), len(more)] == [2, 2]
    assert (first.jobs, first.pictures, first.left) == (first.skip, first.skip, 7 - first.skip)
    assert (second.jobs, second.left) == (7 - first.skip, 0)


async def test_a_go_ends_in_time_though_no_part_is_full(records: Records, export: Export) -> None:
    for number in (1, 2):
        await records.accepted(asked(number), None)
        await records.delivered(finished(asked(number)), None)
    going = Going(0)

    ((first,),) = await go(replace(export, seconds=0), going)

    assert int(first["job"]) == int(asked(2).id)
    assert (going.jobs, going.left) == (1, 1)


async def test_what_has_no_picture_or_too_large_a_one_is_in_the_manifest_with_the_reason(
    records: Records, export: Export
) -> None:
    for number, outcome in ((1, None), (2, None), (3, Filtered(side=Side.OUTPUT, seconds=1))):
        await records.accepted(asked(number), None)
        await records.delivered(finished(asked(number)) if outcome is None else finished(asked(number), outcome), None)
    await Library(records.database).keep_result(asked(1).id, noise() + bytes(LIMIT))

    ((filtered, gone, large),) = await go(export, Going(0))

    assert [one["without_picture"] for one in (filtered, gone, large)] == ["filtered", "gone", "too large"]
    assert [one["picture"] for one in (filtered, gone, large)] == [None] * 3
    assert filtered["request"]["text_prompts"] == [{"text": "a castle", "weight": 1.0}]
