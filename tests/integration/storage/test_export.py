"""An export in several archives and commands contains each job of a person exactly once."""

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
from bot.features.export.command import ExportCommand
from bot.features.export.view import ExportProgress
from bot.results.images import ResultImageLoader
from bot.storage.images import SqlImageStore
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
from shared.job import Job
from shared.outcome import Filtered, FilteredPart, Outcome
from tests.support.builders import ADA_ID, BEN_ID, GENERATED, NOON, make_finished_status, make_job_by

LIMIT = 40_000


def make_noise_png() -> bytes:
    """Make a file of about 12 kB."""
    out = io.BytesIO()
    Image.frombytes("RGB", (64, 64), os.urandom(64 * 64 * 3)).save(out, "PNG")
    return out.getvalue()


async def find_no_message(client: discord.Client, record: JobRecord) -> None:
    return None


async def fail_download(source: RemoteImage) -> bytes:
    raise AssertionError("no message shows a picture here")


@pytest.fixture
def export_command(job_search: SqlJobSearch, image_store: SqlImageStore) -> ExportCommand:
    image_loader = ResultImageLoader(image_store, fail_download, find_no_message)
    return ExportCommand(job_search, image_loader, max_archives=2)


async def run_export(export_command: ExportCommand, progress: ExportProgress) -> list[list[dict[str, Any]]]:
    """Build the archives of one command and return the jobs in each manifest."""
    interaction = cast("Any", SimpleNamespace(user=SimpleNamespace(id=ADA_ID), client=None, filesize_limit=LIMIT))
    manifests = []
    async for data in export_command._build_archives(interaction, int(NOON) + 10**6, progress):
        progress.archive_count += 1
        assert len(data) <= LIMIT
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            jobs = json.loads(archive.read("manifest.json"))["jobs"]
            assert {job["picture"] for job in jobs if job["picture"]} == set(archive.namelist()) - {"manifest.json"}
        manifests.append(jobs)
    return manifests


async def finish_job(job_store: SqlJobStore, job: Job, outcome: Outcome = GENERATED) -> None:
    await job_store.add_jobs([job], None)
    await job_store.mark_delivered(make_finished_status(job, outcome), None)


async def test_archives_and_commands_cover_every_job_once(
    job_store: SqlJobStore, image_store: SqlImageStore, export_command: ExportCommand
) -> None:
    for number in range(1, 8):
        await finish_job(job_store, make_job_by(number))
        await image_store.save_undelivered_image(make_job_by(number).id, make_noise_png())
    await finish_job(job_store, make_job_by(20, user_id=BEN_ID))

    first, second = ExportProgress(0), ExportProgress(0)
    first_manifests = await run_export(export_command, first)
    second.offset = first.offset
    second_manifests = await run_export(export_command, second)

    job_ids = [int(job["job"]) for manifest in (*first_manifests, *second_manifests) for job in manifest]
    assert [job_id - int(make_job_by(0).id) for job_id in job_ids] == [7, 6, 5, 4, 3, 2, 1]
    assert [len(first_manifests), len(second_manifests)] == [2, 2]
    assert (first.job_count, first.picture_count) == (first.offset, first.offset)
    assert first.remaining_count == 7 - first.offset
    assert (second.job_count, second.remaining_count) == (7 - first.offset, 0)


async def test_a_command_ends_in_time_even_if_no_archive_is_full(
    job_store: SqlJobStore, export_command: ExportCommand
) -> None:
    for number in (1, 2):
        await finish_job(job_store, make_job_by(number))
    progress = ExportProgress(0)

    ((first,),) = await run_export(replace(export_command, max_seconds=0), progress)

    assert int(first["job"]) == int(make_job_by(2).id)
    assert (progress.job_count, progress.remaining_count) == (1, 1)


async def test_a_job_without_an_image_or_with_one_that_is_too_large_is_in_the_manifest_with_the_reason(
    job_store: SqlJobStore, image_store: SqlImageStore, export_command: ExportCommand
) -> None:
    for number in (1, 2):
        await finish_job(job_store, make_job_by(number))
    await finish_job(job_store, make_job_by(3), Filtered(part=FilteredPart.OUTPUT, duration_seconds=1))
    await image_store.save_undelivered_image(make_job_by(1).id, make_noise_png() + bytes(LIMIT))

    ((filtered, gone, large),) = await run_export(export_command, ExportProgress(0))

    assert [job["without_picture"] for job in (filtered, gone, large)] == ["filtered", "gone", "too large"]
    assert [job["picture"] for job in (filtered, gone, large)] == [None] * 3
    assert filtered["request"]["text_prompts"] == [{"text": "a castle", "weight": 1.0}]
