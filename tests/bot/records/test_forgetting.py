"""A person is forgotten whole: all of theirs goes, nothing of others' does, and no byte of it is left in the file."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, create_engine, insert
from sqlalchemy.pool import NullPool

from bot.adapters.favourites import Favourites
from bot.adapters.forgetting import Forgetting
from bot.adapters.library import Library
from bot.adapters.people import People
from bot.adapters.records import Records
from bot.adapters.thumbnails import KeptThumbnails
from bot.ports import Belongings, Preferences, Told
from bot.records.database import address
from bot.records.models import favourites, grids, jobs, metadata, people, presets, sources
from shared.job import Job
from tests.bot.records.desk import SOURCE, finished, rows
from tests.bot.records.test_search import ADA, BEN, asked

ONE, SHARED = "1" * 64, "2" * 64
PLANTED = "an ocelot on a unicycle"


@pytest.fixture
def forgetting(records: Records) -> Forgetting:
    return Forgetting(records.database)


async def end(records: Records, job: Job, source: str | None = None) -> str:
    await records.accepted(job, SOURCE if source else None)
    await records.queued(job.id, source)
    await records.delivered(finished(job), Told(job.place.message, 1))
    return job.id


def put(url: str, table: Table, **values: Any) -> None:
    engine = create_engine(address(url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(insert(table).values(values))
    engine.dispose()


def holding(folder: Path) -> list[str]:
    """Name the files in which the planted words stand."""
    return [path.name for path in folder.iterdir() if PLANTED.encode() in path.read_bytes()]


async def lived(records: Records, url: str) -> None:
    """Ada's life among Ben's: one job that waits, two that ended, one of which Ben went on from, and all the rest."""
    library, marks = Library(records.database), Favourites(records.database)
    mine = await end(records, asked(1, prompt=PLANTED), ONE)
    await end(records, asked(2, prompt=f"{PLANTED} again"), SHARED)
    await records.accepted(asked(3, prompt="still waiting"), None)
    theirs = await end(records, asked(4, user=BEN).model_copy(update={"parent": mine}), SHARED)
    for job_id in (mine, asked(2).id):
        await library.keep_source(job_id, b"a picture")
    await library.keep_result(mine, b"told nowhere")
    await KeptThumbnails(records.database).put(mine, b"small")
    await KeptThumbnails(records.database).put(theirs, b"small")
    for user, job_id in ((ADA, theirs), (BEN, mine), (BEN, theirs)):
        await marks.toggle(user, job_id)
    for user in (ADA, BEN):
        await People(records.database).prefer(user, Preferences(pings=True))
        put(url, presets, code=f"p{user % 97}", user_id=user, guild_id=0, name="n", folded="n", options="{}", at=0)
        cells = PLANTED if user == ADA else "of Ben"
        put(url, grids, id=f"9{user % 97}", grid=cells, channel_id=1, message_id=1, requester_id=user, at=0)
    put(url, presets, code="ours", user_id=ADA, guild_id=1, name="given", folded="given", options="{}", at=0)


async def test_all_of_a_person_goes_and_it_is_told_how_much_that_is(
    records: Records, forgetting: Forgetting, database_url: str
) -> None:
    await lived(records, database_url)

    said = await forgetting.belongings(ADA)
    ended = await forgetting.ended(ADA)
    gone = await forgetting.forget(ADA)

    assert said == gone
    assert said == Belongings(
        prompts=2,
        records=6,
        favourites=1,
        presets=1,
        explorations=1,
        thumbnails=1,
        sources=1,
        kept=1,
        preferences=1,
        open_jobs=1,
    )
    assert set(ended) == {asked(1).id, asked(2).id}
    assert await forgetting.belongings(ADA) == Belongings(open_jobs=1)
    assert await forgetting.forget(ADA) == Belongings(open_jobs=1)


async def test_what_is_others_stays_with_what_they_made_from_it(
    records: Records, forgetting: Forgetting, database_url: str
) -> None:
    await lived(records, database_url)
    before = await forgetting.belongings(BEN)

    await forgetting.forget(ADA)

    assert before.favourites == 2
    left = {row["id"]: row["parent_id"] for row in rows(database_url, jobs)}
    assert left == {asked(3).id: None, asked(4).id: None}
    assert [row["sha256"] for row in rows(database_url, sources)] == [SHARED]
    assert [row["job_id"] for row in rows(database_url, favourites)] == [asked(4).id]
    assert [row["user_id"] for row in rows(database_url, people)] == [BEN]
    assert sorted(row["user_id"] for row in rows(database_url, presets)) == [0, BEN]
    assert [row["requester_id"] for row in rows(database_url, grids)] == [BEN]


async def test_no_table_names_a_person_who_was_forgotten(
    records: Records, forgetting: Forgetting, database_url: str
) -> None:
    await lived(records, database_url)

    await forgetting.forget(ADA)

    for table in metadata.sorted_tables:
        for row in rows(database_url, table):
            assert row.get("id") == asked(3).id or row.get("job_id") == asked(3).id or str(ADA) not in str(row)
            assert PLANTED not in str(row)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_byte_of_a_prompt_is_left_in_the_file(
    records: Records, forgetting: Forgetting, database_url: str, tmp_path: Path
) -> None:
    await lived(records, database_url)
    for number in range(20, 60):
        await end(records, asked(number, prompt=PLANTED * 50))
    before = holding(tmp_path)

    await forgetting.forget(ADA)

    assert before
    assert holding(tmp_path) == []
