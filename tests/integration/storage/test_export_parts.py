"""An export goes through a person's jobs, part after part, and goes on where it ended: each job once, none left out."""

import io
import json
import os
import zipfile
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest
from PIL import Image

from bot.domain.images import RemoteImage
from bot.domain.records import JobRecord
from bot.features.export.command import ExportCommand, ExportProgress
from bot.results.images import ResultImageLoader
from bot.storage.job_history import SqlJobHistory
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
from shared.outcome import Filtered, FilteredPart
from tests.integration.storage.test_job_search import ADA_ID, BEN_ID, make_job_by
from tests.support.builders import NOON, make_finished_status

LIMIT = 40_000


def make_noise_png() -> bytes:
    """A picture of about 12 kB."""
    out = io.BytesIO()
    Image.frombytes("RGB", (64, 64), os.urandom(64 * 64 * 3)).save(out, "PNG")
    return out.getvalue()


async def find_no_message(client: discord.Client, record: JobRecord) -> None:
    return None


async def fail_download(source: RemoteImage) -> bytes:
    raise AssertionError("no message shows a picture here")


@pytest.fixture
def export(records: SqlJobStore) -> ExportCommand:
    pictures = ResultImageLoader(SqlJobHistory(records.database), fail_download, find_no_message)
    return ExportCommand(SqlJobSearch(records.database), pictures, max_archives=2)


async def run_export(export: ExportCommand, going: ExportProgress) -> list[list[dict[str, Any]]]:
    """Make the parts of one go; give the manifest of each."""
    ada = cast("Any", SimpleNamespace(user=SimpleNamespace(id=ADA_ID), client=None, filesize_limit=LIMIT))
    found = []
    async for part in export._build_archives(ada, int(NOON) + 10**6, going):
        going.archives += 1
        assert len(part) <= LIMIT
        with zipfile.ZipFile(io.BytesIO(part)) as opened:
            jobs = json.loads(opened.read("manifest.json"))["jobs"]
            assert {one["picture"] for one in jobs if one["picture"]} == set(opened.namelist()) - {"manifest.json"}
        found.append(jobs)
    return found


async def test_parts_and_goes_cover_every_job_once(records: SqlJobStore, export: ExportCommand) -> None:
    library = SqlJobHistory(records.database)
    for number in range(1, 8):
        one = make_job_by(number)
        await records.add_job(one, None)
        await records.mark_delivered(make_finished_status(one), None)
        await library.save_undelivered_image(one.id, make_noise_png())
    await records.add_job(make_job_by(20, user=BEN_ID), None)
    await records.mark_delivered(make_finished_status(make_job_by(20, user=BEN_ID)), None)

    first, second = ExportProgress(0), ExportProgress(0)
    parts = await run_export(export, first)
    second.offset = first.offset
    more = await run_export(export, second)

    ids = [int(one["job"]) - int(make_job_by(0).id) for part in (*parts, *more) for one in part]
    assert ids == [7, 6, 5, 4, 3, 2, 1]
    assert [len(parts), len(more)] == [2, 2]
    assert (first.jobs, first.pictures, first.remaining) == (first.offset, first.offset, 7 - first.offset)
    assert (second.jobs, second.remaining) == (7 - first.offset, 0)


async def test_a_go_ends_in_time_though_no_part_is_full(records: SqlJobStore, export: ExportCommand) -> None:
    for number in (1, 2):
        await records.add_job(make_job_by(number), None)
        await records.mark_delivered(make_finished_status(make_job_by(number)), None)
    going = ExportProgress(0)

    ((first,),) = await run_export(replace(export, max_seconds=0), going)

    assert int(first["job"]) == int(make_job_by(2).id)
    assert (going.jobs, going.remaining) == (1, 1)


async def test_what_has_no_picture_or_too_large_a_one_is_in_the_manifest_with_the_reason(
    records: SqlJobStore, export: ExportCommand
) -> None:
    for number, outcome in ((1, None), (2, None), (3, Filtered(part=FilteredPart.OUTPUT, duration_seconds=1))):
        await records.add_job(make_job_by(number), None)
        await records.mark_delivered(
            make_finished_status(make_job_by(number))
            if outcome is None
            else make_finished_status(make_job_by(number), outcome),
            None,
        )
    await SqlJobHistory(records.database).save_undelivered_image(make_job_by(1).id, make_noise_png() + bytes(LIMIT))

    ((filtered, gone, large),) = await run_export(export, ExportProgress(0))

    assert [one["without_picture"] for one in (filtered, gone, large)] == ["filtered", "gone", "too large"]
    assert [one["picture"] for one in (filtered, gone, large)] == [None] * 3
    assert filtered["request"]["text_prompts"] == [{"text": "a castle", "weight": 1.0}]
