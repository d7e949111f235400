"""A batch is made again from its manifest: the same requests, seeds and pictures, as far as they are still possible."""

import pytest

from bot.batches.manifest import ManifestEntry, build_manifest_json, read_manifest
from bot.batches.repeater import BatchRepeater, describe_batch
from bot.batches.row_requests import RequestContext, RowRequestBuilder
from bot.domain.batches import Batch
from bot.domain.guild_settings import GuildSettings
from bot.domain.teams import Team
from bot.domain.usage import Usage
from bot.storage.batches import SqlBatchStore
from bot.storage.session import Database
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue
from shared.problems import RejectedError
from tests.support.batches import BATCH_ID, IMAGE, IMAGE_SHA256, make_batch, make_items
from tests.support.builders import ADA_ID
from tests.support.database import execute_sql

NEW_ID = str(int(BATCH_ID) + 1)


@pytest.fixture
def store(database: Database, catalogue: Catalogue) -> SqlBatchStore:
    return SqlBatchStore(database, catalogue=catalogue)


@pytest.fixture
def repeater(store: SqlBatchStore, catalogue: Catalogue) -> BatchRepeater:
    builder = RowRequestBuilder(RequestValidator(catalogue, (), 1 << 20))
    return BatchRepeater(store, builder, max_items=20)


def make_context(team: Team | None = None) -> RequestContext:
    usage = Usage(ADA_ID, 1, 2, GuildSettings(), team=team)
    return RequestContext(usage, ({"style_preset": "anime", "steps": 50},))


async def add_batch(store: SqlBatchStore, url: str) -> Batch:
    """Store a batch of three items from a picture, whose seeds the model has answered with."""
    batch = make_batch(file_pattern="{name}-{number}")
    assert await store.add_draft(batch, make_items(3, image_sha256=IMAGE_SHA256))
    await store.add_image(BATCH_ID, IMAGE_SHA256, "castle.png", IMAGE)
    execute_sql(url, "UPDATE batch_items SET seed = 100 + number")
    return batch


async def test_a_manifest_makes_the_same_batch_whatever_the_preferences_are(
    repeater: BatchRepeater, store: SqlBatchStore, database_url: str
) -> None:
    batch = await add_batch(store, database_url)
    items = await store.list_items(BATCH_ID)
    manifest = read_manifest(build_manifest_json(batch, [ManifestEntry(item) for item in items]))
    assert manifest == describe_batch(batch, items)

    await repeater.add_draft(make_batch(NEW_ID), manifest, make_context(), may_use_sources=True)

    made, again = await store.find_batch(NEW_ID), await store.list_items(NEW_ID)
    assert made is not None
    assert (made.brief.title, made.file_pattern) == ("spring catalogue", "{name}-{number}")
    assert [(item.name, item.image_sha256) for item in again] == [(item.name, IMAGE_SHA256) for item in items]
    assert [item.request for item in again] == [
        item.request.model_copy(update={"seed": 100 + item.number}) for item in items
    ]
    assert await store.load_image(NEW_ID, IMAGE_SHA256) == IMAGE


async def test_the_options_that_a_team_locks_hold_for_a_batch_that_is_made_again(
    repeater: BatchRepeater, store: SqlBatchStore, database_url: str
) -> None:
    batch = await add_batch(store, database_url)
    manifest = describe_batch(batch, await store.list_items(BATCH_ID))

    context = make_context(Team(7, 1, "Makers", defaults={"keep": 35.0}, locked=frozenset({"keep"})))
    await repeater.add_draft(make_batch(NEW_ID), manifest, context, may_use_sources=True)

    assert {item.request.keep for item in await store.list_items(NEW_ID)} == {35.0}


async def test_nobody_starts_from_the_pictures_of_a_batch_that_they_may_not_see(
    repeater: BatchRepeater, store: SqlBatchStore, database_url: str
) -> None:
    batch = await add_batch(store, database_url)
    manifest = describe_batch(batch, await store.list_items(BATCH_ID))

    with pytest.raises(RejectedError) as caught:
        await repeater.add_draft(make_batch(NEW_ID), manifest, make_context(), may_use_sources=False)

    assert [problem.code for problem in caught.value.problems] == ["batch_source_gone"]
    assert await store.find_batch(NEW_ID) is None


async def test_items_that_are_no_longer_possible_are_left_out_and_told(
    repeater: BatchRepeater, store: SqlBatchStore, database_url: str
) -> None:
    batch = await add_batch(store, database_url)
    items = list(await store.list_items(BATCH_ID))
    manifest = describe_batch(batch, items)
    gone = manifest.items[1].request.model_copy(update={"model": "a-model-of-yesterday"})
    described = (manifest.items[0], manifest.items[1].model_copy(update={"request": gone}), manifest.items[2])

    await repeater.add_draft(
        make_batch(NEW_ID), manifest.model_copy(update={"items": described}), make_context(), may_use_sources=True
    )

    assert [item.row_number for item in await store.list_items(NEW_ID)] == [2, 4]
    preview = await store.load_preview(NEW_ID)
    assert preview.rejected_count == 1
    assert [(row.number, row.problems[0].code) for row in preview.rejected_rows] == [(3, "model_unknown")]
