"""The schema: from nothing, from every version before, by several bots at once, and when it is newer than the bot."""

import logging
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Table, create_engine, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool

from bot.storage.database import DatabaseSetupError, parse_database_url
from bot.storage.jobs import SqlJobStore
from bot.storage.migrate import build_alembic_config, migrate_database
from bot.storage.tables import jobs, metadata
from shared.catalogue import Catalogue
from tests.support.builders import SOURCE, make_job, read_rows

VERSIONS = [version.revision for version in ScriptDirectory.from_config(build_alembic_config()).walk_revisions()]
OLD_JOB = """INSERT INTO jobs
    (id, job_json, model, requester_id, guild_id, channel_id, status_message_id, state, accepted_at)
    VALUES ('17', :job, 'sd3.5-large', 1, 1, 2, 17, 'queued', 1800000000)"""
OLD_QUEUE_ENTRY = (
    "INSERT INTO queue_entries (job_id, entry_number, claims, calls, unknown_calls) VALUES ('17', 1, 0, 0, 0)"
)


def execute_sql(url: str, statement: str, **values: Any) -> Any:
    engine = create_engine(parse_database_url(url), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else None
    finally:
        engine.dispose()


def migrate_at(moment: float, url: str) -> None:
    time.sleep(max(0.0, moment - time.time()))
    migrate_database(parse_database_url(url))


def test_migrations_and_models_say_the_same(database_url: str) -> None:
    migrate_database(parse_database_url(database_url))

    engine = create_engine(parse_database_url(database_url), poolclass=NullPool)
    with engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert difference == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_records_of_every_version_before_are_kept(database_url: str, version: str, catalogue: Catalogue) -> None:
    migrate_database(parse_database_url(database_url), version)
    execute_sql(database_url, OLD_JOB, job=make_job(17).model_dump_json())
    execute_sql(database_url, OLD_QUEUE_ENTRY)

    records = SqlJobStore(database_url, catalogue=catalogue)
    await records.migrate()
    (record,) = await records.list_open_records()
    await records.close()

    assert (record.job, record.is_queued) == (make_job(17), True)


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)
def test_keys_and_indexes_have_the_names_and_columns_of_the_models(database_url: str, table: Table) -> None:
    migrate_database(parse_database_url(database_url))
    engine = create_engine(parse_database_url(database_url), poolclass=NullPool)
    inspector = inspect(engine)
    primary_key = inspector.get_pk_constraint(table.name)
    foreign_keys = inspector.get_foreign_keys(table.name)
    indexes = inspector.get_indexes(table.name)
    engine.dispose()

    assert (primary_key["name"], primary_key["constrained_columns"]) == (
        table.primary_key.name,
        [column.name for column in table.primary_key],
    )
    assert {(key["name"], key["referred_table"], key["options"].get("ondelete")) for key in foreign_keys} == {
        (key.name, key.referred_table.name, key.ondelete) for key in table.foreign_key_constraints
    }
    assert {(index["name"], tuple(index["column_names"]), bool(index["unique"])) for index in indexes} == {
        (index.name, tuple(column.name for column in index.columns), index.unique) for index in table.indexes
    }


def test_bots_that_start_at_once_migrate_once(database_url: str) -> None:
    moment = time.time() + 2
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as bots:
        for started in [bots.submit(migrate_at, moment, database_url) for _ in range(4)]:
            started.result(30)

    assert execute_sql(database_url, "SELECT version_num FROM alembic_version") == [(VERSIONS[0],)]
    assert read_rows(database_url, jobs) == []


def test_a_migration_that_fails_leaves_nothing_behind(database_url: str) -> None:
    execute_sql(database_url, "CREATE TABLE outcomes (somebody_elses INTEGER)")

    with pytest.raises(DatabaseSetupError, match="Check DATABASE_URL"):
        migrate_database(parse_database_url(database_url))

    execute_sql(database_url, "DROP TABLE outcomes")
    migrate_database(parse_database_url(database_url))
    assert read_rows(database_url, jobs) == []


async def test_a_schema_of_a_newer_release_is_used_as_it_is(
    database_url: str, catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    migrate_database(parse_database_url(database_url))
    execute_sql(database_url, "UPDATE alembic_version SET version_num = '9999'")
    execute_sql(database_url, "ALTER TABLE jobs ADD COLUMN mood VARCHAR(8)")

    records = SqlJobStore(database_url, catalogue=catalogue)
    with caplog.at_level(logging.WARNING):
        await records.migrate()
    assert await records.add_job(make_job(1), SOURCE)
    assert len(await records.list_open_records()) == 1
    await records.close()

    assert "newer release" in caplog.text


async def test_foreign_keys_hold(database_url: str, records: SqlJobStore) -> None:
    await records.add_job(make_job(1), None)

    assert not await records.mark_requeued("unknown")
    with pytest.raises(IntegrityError):
        await records.database.run_transaction(
            lambda records: records.execute(text("UPDATE jobs SET parent_id = 'unknown'"))
        )


async def test_sqlite_writes_ahead_and_waits_for_its_turn(tmp_path: Path, catalogue: Catalogue) -> None:
    records = SqlJobStore(f"sqlite:///{tmp_path / 'records.db'}", catalogue=catalogue)
    await records.migrate()
    names = ("journal_mode", "foreign_keys", "busy_timeout")
    found = await records.database.run_transaction(
        lambda records: [records.execute(text(f"PRAGMA {name}")).scalar() for name in names]
    )
    await records.close()

    assert found == ["wal", 1, 5000]


@pytest.mark.parametrize("url", ["nonsense", "mysql://h/x", "sqlite://", "sqlite:///:memory:", "postgresql://h:port/x"])
def test_an_address_that_is_wrong_is_told_in_words(url: str, catalogue: Catalogue) -> None:
    with pytest.raises(DatabaseSetupError, match="DATABASE_URL"):
        SqlJobStore(url, catalogue=catalogue)


@pytest.mark.parametrize("url", ["sqlite:////nowhere/records.db", "postgresql://ada:pass-word@127.0.0.1:1/records"])
async def test_a_database_that_cannot_be_opened_is_told_in_words_without_its_password(
    url: str, catalogue: Catalogue
) -> None:
    records = SqlJobStore(url, catalogue=catalogue)

    with pytest.raises(DatabaseSetupError, match="Check DATABASE_URL") as unusable:
        await records.migrate()

    await records.close()
    assert "pass-word" not in str(unusable.value)
