"""What a snapshot keeps of a database is all of it, with the index of the words of prompts as it was."""

import sqlite3
from contextlib import closing
from pathlib import Path

from bot.domain.search import SearchQuery
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from shared.catalogue import Catalogue
from shared.request.bundles import pack_pictures, unpack_pictures
from shared.request.pictures import Pictures
from tests.compat.snapshot import dump_database, load_database, shrink_pictures
from tests.support.builders import ADA_ID, make_finished_status, make_job_by
from tests.support.images import make_png

READ_INDEX = "SELECT id, hex(block) FROM job_trigrams_data ORDER BY id"
READ_NUMBERS = "SELECT number, job_id FROM job_numbers ORDER BY number"


def read_index(file: Path) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(file)) as database:
        return [database.execute(statement).fetchall() for statement in (READ_INDEX, READ_NUMBERS)]


async def add_result(database: Database, catalogue: Catalogue, number: int) -> str:
    store, job = SqlJobStore(database, catalogue=catalogue), make_job_by(number, user_id=ADA_ID)
    await store.add_jobs([job], None)
    await store.mark_delivered(make_finished_status(job), None)
    return job.id


async def test_a_database_that_was_dumped_and_loaded_finds_the_words_of_its_prompts(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    stored, loaded = tmp_path / "stored.db", tmp_path / "loaded.db"
    database = Database(f"sqlite:///{stored}")
    await database.migrate()
    recorded = await add_result(database, catalogue, 7)
    await database.close()

    sql = dump_database(stored)
    load_database(sql, loaded)

    assert dump_database(loaded) == sql == dump_database(stored)
    assert read_index(loaded) == read_index(stored)
    database = Database(f"sqlite:///{loaded}")
    await database.migrate()
    later = await add_result(database, catalogue, 8)
    search = SearchQuery(ADA_ID, keywords="castle")
    page = await SqlJobSearch(database).search_jobs(search, guild_id=None, channel_ids=[], limit=10)
    await database.close()
    assert [record.job.id for record in page.records] == [later, recorded]


def test_each_picture_of_a_request_becomes_smaller() -> None:
    picture = make_png(512)
    bundle = pack_pictures(Pictures(source=picture, mask=picture)) or b""

    shrunk = unpack_pictures(shrink_pictures(bundle))

    assert shrunk.source is not None
    assert shrunk.source == shrunk.mask
    assert len(shrunk.source) < len(picture)
