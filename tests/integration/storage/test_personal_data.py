"""A person is forgotten whole: all of theirs goes, nothing of others' does, and no byte of it is left in the file."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, create_engine, insert
from sqlalchemy.pool import NullPool

from bot.domain.messages import MessageRef
from bot.domain.preferences import Preferences
from bot.features.privacy.store import SqlUserDataStore
from bot.features.privacy.summary import StoredDataSummary
from bot.storage.database import parse_database_url
from bot.storage.favourites import SqlFavouriteStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.jobs import SqlJobStore
from bot.storage.preferences import SqlPreferencesStore
from bot.storage.tables import explorations, favourites, jobs, metadata, presets, source_images, user_preferences
from bot.storage.thumbnails import SqlThumbnailStore
from shared.job import Job
from tests.integration.storage.test_job_search import ADA_ID, BEN_ID, make_job_by
from tests.support.builders import SOURCE, make_finished_status, read_rows

SHA_ONE, SHA_SHARED = "1" * 64, "2" * 64
PLANTED_PROMPT = "an ocelot on a unicycle"


@pytest.fixture
def forgetting(records: SqlJobStore) -> SqlUserDataStore:
    return SqlUserDataStore(records.database)


async def finish_job(records: SqlJobStore, job: Job, source: str | None = None) -> str:
    await records.add_job(job, SOURCE if source else None)
    await records.mark_queued(job.id, source)
    await records.mark_delivered(make_finished_status(job), MessageRef(job.origin.message_id, 1))
    return job.id


def insert_row(url: str, table: Table, **values: Any) -> None:
    engine = create_engine(parse_database_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(insert(table).values(values))
    engine.dispose()


def list_files_with_prompt(folder: Path) -> list[str]:
    """Name the files in which the planted words stand."""
    return [path.name for path in folder.iterdir() if PLANTED_PROMPT.encode() in path.read_bytes()]


async def fill_store(records: SqlJobStore, url: str) -> None:
    """Ada's life among Ben's: one job that waits, two that ended, one of which Ben went on from, and all the rest."""
    library, marks = SqlJobHistory(records.database), SqlFavouriteStore(records.database)
    mine = await finish_job(records, make_job_by(1, prompt=PLANTED_PROMPT), SHA_ONE)
    await finish_job(records, make_job_by(2, prompt=f"{PLANTED_PROMPT} again"), SHA_SHARED)
    await records.add_job(make_job_by(3, prompt="still waiting"), None)
    theirs = await finish_job(records, make_job_by(4, user=BEN_ID).model_copy(update={"parent_id": mine}), SHA_SHARED)
    for job_id in (mine, make_job_by(2).id):
        await library.save_source_image(job_id, b"a picture")
    await library.save_undelivered_image(mine, b"told nowhere")
    await SqlThumbnailStore(records.database).save_thumbnail(mine, b"small")
    await SqlThumbnailStore(records.database).save_thumbnail(theirs, b"small")
    for user, job_id in ((ADA_ID, theirs), (BEN_ID, mine), (BEN_ID, theirs)):
        await marks.toggle_favourite(user, job_id)
    for user in (ADA_ID, BEN_ID):
        await SqlPreferencesStore(records.database).save_preferences(user, Preferences(pings=True))
        insert_row(
            url,
            presets,
            code=f"p{user % 97}",
            user_id=user,
            guild_id=0,
            name="n",
            folded_name="n",
            options="{}",
            saved_at=0,
        )
        cells = PLANTED_PROMPT if user == ADA_ID else "of Ben"
        insert_row(
            url,
            explorations,
            id=f"9{user % 97}",
            exploration_json=cells,
            channel_id=1,
            message_id=1,
            requester_id=user,
            created_at=0,
        )
    insert_row(
        url,
        presets,
        code="ours",
        user_id=ADA_ID,
        guild_id=1,
        name="given",
        folded_name="given",
        options="{}",
        saved_at=0,
    )


async def test_all_of_a_person_goes_and_it_is_told_how_much_that_is(
    records: SqlJobStore, forgetting: SqlUserDataStore, database_url: str
) -> None:
    await fill_store(records, database_url)

    said = await forgetting.summarise_stored_data(ADA_ID)
    ended = await forgetting.list_ended_jobs(ADA_ID)
    gone = await forgetting.delete_personal_data(ADA_ID)

    assert said == gone
    assert said == StoredDataSummary(
        jobs=2,
        rows=6,
        favourites=1,
        presets=1,
        explorations=1,
        thumbnails=1,
        source_images=1,
        undelivered_images=1,
        preferences=1,
        open_jobs=1,
    )
    assert set(ended) == {make_job_by(1).id, make_job_by(2).id}
    assert await forgetting.summarise_stored_data(ADA_ID) == StoredDataSummary(open_jobs=1)
    assert await forgetting.delete_personal_data(ADA_ID) == StoredDataSummary(open_jobs=1)


async def test_what_is_others_stays_with_what_they_made_from_it(
    records: SqlJobStore, forgetting: SqlUserDataStore, database_url: str
) -> None:
    await fill_store(records, database_url)
    before = await forgetting.summarise_stored_data(BEN_ID)

    await forgetting.delete_personal_data(ADA_ID)

    assert before.favourites == 2
    left = {row["id"]: row["parent_id"] for row in read_rows(database_url, jobs)}
    assert left == {make_job_by(3).id: None, make_job_by(4).id: None}
    assert [row["sha256"] for row in read_rows(database_url, source_images)] == [SHA_SHARED]
    assert [row["job_id"] for row in read_rows(database_url, favourites)] == [make_job_by(4).id]
    assert [row["user_id"] for row in read_rows(database_url, user_preferences)] == [BEN_ID]
    assert sorted(row["user_id"] for row in read_rows(database_url, presets)) == [0, BEN_ID]
    assert [row["requester_id"] for row in read_rows(database_url, explorations)] == [BEN_ID]


async def test_no_table_names_a_person_who_was_forgotten(
    records: SqlJobStore, forgetting: SqlUserDataStore, database_url: str
) -> None:
    await fill_store(records, database_url)

    await forgetting.delete_personal_data(ADA_ID)

    for table in metadata.sorted_tables:
        for row in read_rows(database_url, table):
            assert (
                row.get("id") == make_job_by(3).id
                or row.get("job_id") == make_job_by(3).id
                or str(ADA_ID) not in str(row)
            )
            assert PLANTED_PROMPT not in str(row)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_byte_of_a_prompt_is_left_in_the_file(
    records: SqlJobStore, forgetting: SqlUserDataStore, database_url: str, tmp_path: Path
) -> None:
    await fill_store(records, database_url)
    for number in range(20, 60):
        await finish_job(records, make_job_by(number, prompt=PLANTED_PROMPT * 50))
    before = list_files_with_prompt(tmp_path)

    await forgetting.delete_personal_data(ADA_ID)

    assert before
    assert list_files_with_prompt(tmp_path) == []
