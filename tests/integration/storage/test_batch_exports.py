"""An export of a batch: in parts within a limit, every picture once, named by its pattern, with its hash."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.batches.exporter import BatchExporter
from bot.domain.batches import Batch, ItemState, Review
from bot.storage.batches import SqlBatchStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.session import Database
from shared.catalogue import Catalogue
from shared.problems import RejectedError
from tests.support.batches import BATCH_ID, IMAGE, IMAGE_SHA256, make_batch, make_items
from tests.support.builders import NOON
from tests.support.database import execute_sql
from tests.support.images import encode_image, make_noise_image

COUNT = 12
PICTURE = encode_image(make_noise_image((300, 300)), "PNG")


@pytest.fixture
def store(database: Database, catalogue: Catalogue) -> SqlBatchStore:
    return SqlBatchStore(database, catalogue=catalogue)


@pytest.fixture
def exporter(database: Database, store: SqlBatchStore, catalogue: Catalogue) -> BatchExporter:
    return BatchExporter(store, SqlJobHistory(database), catalogue)


async def make_pictures(store: SqlBatchStore, url: str) -> Batch:
    """Start a batch whose items all have the same name, and let all but the last have a picture."""
    items = [replace(item, name="lamp") for item in make_items(COUNT, image_sha256=IMAGE_SHA256)]
    assert await store.add_draft(make_batch(file_pattern="{name}"), items)
    await store.add_image(BATCH_ID, IMAGE_SHA256, "castle.png", IMAGE)
    batch = await store.start(BATCH_ID)
    for item in items[:-1]:
        execute_sql(
            url,
            "INSERT INTO batch_results VALUES (:job, :batch, :image, '', :now)",
            job=item.job_id,
            batch=BATCH_ID,
            image=PICTURE,
            now=NOON,
        )
    execute_sql(url, "UPDATE batch_items SET state = 'generated', seed = 7 WHERE number < :last", last=COUNT)
    execute_sql(url, "UPDATE batch_items SET state = 'filtered' WHERE number = :last", last=COUNT)
    return batch


async def export(
    exporter: BatchExporter, batch: Batch, limit: int, *, accepted: bool = False, public: bool = False
) -> Sequence[bytes]:
    items = await exporter.list_items(batch, is_accepted_only=accepted, is_public=public)
    parts = []
    async for part in exporter.export(batch, items, limit):
        with part.file as file:
            parts.append(file.read())
    return parts


async def test_an_export_has_every_picture_once_in_parts_within_the_limit(
    exporter: BatchExporter, store: SqlBatchStore, database_url: str
) -> None:
    batch = await make_pictures(store, database_url)
    limit = 4 * len(PICTURE)

    parts = await export(exporter, batch, limit)

    assert len(parts) == 4
    assert all(len(part) <= limit for part in parts)
    archives = [zipfile.ZipFile(io.BytesIO(part)) for part in parts]
    pictures = [(name, archive.read(name)) for archive in archives for name in archive.namelist() if ".png" in name]
    assert [name for name, _ in pictures] == ["lamp.png", *(f"lamp-{n}.png" for n in range(2, COUNT))]
    manifest = json.loads(archives[-1].read("manifest.json"))
    assert len(manifest["items"]) == COUNT
    described = {one["file"]: one["sha256"] for one in manifest["items"] if one["file"]}
    assert described == {name: hashlib.sha256(data).hexdigest() for name, data in pictures}
    assert manifest["items"][-1]["without_picture"] == "filtered"
    assert {one["image"] for one in manifest["items"]} == {"castle.png"}
    table = list(csv.DictReader(io.StringIO(archives[-1].read("manifest.csv").decode("utf-8-sig"))))
    assert [row["exported_file"] for row in table] == [*(name for name, _ in pictures), ""]


async def test_only_accepted_pictures_are_exported_and_those_that_are_gone_are_told(
    exporter: BatchExporter, store: SqlBatchStore, database_url: str
) -> None:
    batch = await make_pictures(store, database_url)
    with pytest.raises(RejectedError):
        await export(exporter, batch, 10_000_000, accepted=True)
    await store.review_items(BATCH_ID, [3, 5], Review.ACCEPTED, 77)
    execute_sql(database_url, "DELETE FROM batch_results WHERE job_id LIKE '%-005'")

    (part,) = await export(exporter, batch, 10_000_000, accepted=True)

    archive = zipfile.ZipFile(io.BytesIO(part))
    items = json.loads(archive.read("manifest.json"))["items"]
    assert [(one["number"], one["file"], one["without_picture"]) for one in items] == [
        (3, "lamp.png", None),
        (5, None, "gone"),
    ]
    assert {one["state"] for one in items} == {ItemState.GENERATED}


async def test_where_everybody_reads_it_a_manifest_says_nothing_of_refused_requests(
    exporter: BatchExporter, store: SqlBatchStore, database_url: str
) -> None:
    batch = await make_pictures(store, database_url)

    (part,) = await export(exporter, batch, 10_000_000, public=True)

    archive = zipfile.ZipFile(io.BytesIO(part))
    assert {one["state"] for one in json.loads(archive.read("manifest.json"))["items"]} == {ItemState.GENERATED}
    assert b"filtered" not in archive.read("manifest.csv")


async def test_a_picture_larger_than_an_archive_is_left_out_and_told(
    exporter: BatchExporter, store: SqlBatchStore, database_url: str
) -> None:
    batch = await make_pictures(store, database_url)

    (part,) = await export(exporter, batch, len(PICTURE))

    manifest = json.loads(zipfile.ZipFile(io.BytesIO(part)).read("manifest.json"))
    assert {one["without_picture"] for one in manifest["items"]} == {"too large", "filtered"}


async def test_pictures_that_a_batch_starts_from_are_copied_for_another_one(store: SqlBatchStore) -> None:
    assert await store.add_draft(make_batch(), make_items(1))
    await store.add_image(BATCH_ID, IMAGE_SHA256, "castle.png", IMAGE)
    new_id = str(int(BATCH_ID) + 1)
    assert await store.add_draft(make_batch(new_id), make_items(1, new_id))

    for _ in range(2):
        await store.copy_images(BATCH_ID, new_id, {IMAGE_SHA256})

    assert await store.list_image_names(new_id) == {IMAGE_SHA256: "castle.png"}
    assert await store.load_image(new_id, IMAGE_SHA256) == IMAGE
