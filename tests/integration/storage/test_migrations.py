"""Migrations: from an empty database, from every earlier version, by several bots at once, from a newer release."""

import hashlib
import logging
import multiprocessing
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.resources import files

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Table, create_engine, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool

from bot.storage.engine import DatabaseSetupError, parse_database_url
from bot.storage.jobs import SqlJobStore
from bot.storage.migrate import list_revisions, migrate_database
from bot.storage.schema_upgrade import build_alembic_config
from bot.storage.session import Database
from bot.storage.tables import jobs, metadata
from shared.catalogue import Catalogue
from shared.stored_format import CURRENT_FORMAT, UnsupportedFormatError
from tests.support.builders import SOURCE, make_job, read_rows
from tests.support.database import execute_sql

VERSIONS = [version.revision for version in ScriptDirectory.from_config(build_alembic_config()).walk_revisions()]
OLD_JOB = """INSERT INTO jobs
    (id, job_json, model, requester_id, guild_id, channel_id, status_message_id, state, accepted_at)
    VALUES ('17', :job, 'sd3.5-large', 1, 1, 2, 17, 'queued', 1800000000)"""
BOTS = 3
OLD_QUEUE_ENTRY = (
    "INSERT INTO queue_entries (job_id, entry_number, claims, calls, unknown_calls) VALUES ('17', 1, 0, 0, 0)"
)


def is_not_of_word_index(_object: object, name: str | None, *_: object) -> bool:
    """Tell whether something is not a part of the index of words, which the models leave to the migration."""
    return not str(name).startswith(("job_numbers", "job_trigrams", "ix_jobs_trigrams"))


def migrate_at(moment: float, url: str) -> None:
    time.sleep(max(0.0, moment - time.time()))
    migrate_database(parse_database_url(url))


def test_migrations_build_the_tables_of_the_models(database_url: str) -> None:
    migrate_database(parse_database_url(database_url))

    engine = create_engine(parse_database_url(database_url), poolclass=NullPool)
    with engine.connect() as connection:
        options = {"include_object": is_not_of_word_index}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    engine.dispose()
    assert differences == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_records_of_every_earlier_version_remain_readable(
    database_url: str, version: str, catalogue: Catalogue
) -> None:
    migrate_database(parse_database_url(database_url), version)
    execute_sql(database_url, OLD_JOB, job=make_job(17).model_dump_json())
    execute_sql(database_url, OLD_QUEUE_ENTRY)

    database = Database(database_url)
    await database.migrate()
    (record,) = await SqlJobStore(database, catalogue=catalogue).list_open_records()
    await database.close()

    assert (record.job, record.is_queued) == (make_job(17), True)


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)
def test_keys_and_indexes_have_the_names_and_columns_of_the_models(migrated_database_url: str, table: Table) -> None:
    engine = create_engine(parse_database_url(migrated_database_url), poolclass=NullPool)
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
    named = [index for index in indexes if is_not_of_word_index(index, index["name"])]
    assert {(index["name"], tuple(index["column_names"]), bool(index["unique"])) for index in named} == {
        (index.name, tuple(column.name for column in index.columns), index.unique) for index in table.indexes
    }


def test_bots_that_start_together_migrate_once(database_url: str) -> None:
    moment = time.time() + 2
    with ProcessPoolExecutor(BOTS, mp_context=multiprocessing.get_context("spawn")) as bots:
        for future in [bots.submit(migrate_at, moment, database_url) for _ in range(BOTS)]:
            future.result(30)

    assert execute_sql(database_url, "SELECT version_num FROM alembic_version") == [(VERSIONS[0],)]
    assert read_rows(database_url, jobs) == []


def test_a_migration_that_fails_leaves_nothing_behind(database_url: str) -> None:
    execute_sql(database_url, "CREATE TABLE outcomes (foreign_column INTEGER)")

    with pytest.raises(DatabaseSetupError, match="Check DATABASE_URL"):
        migrate_database(parse_database_url(database_url))

    execute_sql(database_url, "DROP TABLE outcomes")
    migrate_database(parse_database_url(database_url))
    assert read_rows(database_url, jobs) == []


def test_the_files_of_the_migrations_are_named_after_their_revisions() -> None:
    assert list_revisions() == VERSIONS[::-1]


def test_alembic_is_not_loaded_for_a_schema_of_this_release(migrated_database_url: str) -> None:
    start = (
        "import sys, bot.storage.engine as engine, bot.storage.migrate as migrate\n"
        f"migrate.migrate_database(engine.parse_database_url({migrated_database_url!r}))\n"
        "sys.exit('alembic' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", start], check=False, timeout=30).returncode == 0


async def test_the_schema_of_a_newer_release_is_used_unchanged(
    database_url: str, catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    migrate_database(parse_database_url(database_url))
    execute_sql(database_url, "UPDATE alembic_version SET version_num = '9999'")
    execute_sql(database_url, "ALTER TABLE jobs ADD COLUMN mood VARCHAR(8)")

    database = Database(database_url)
    job_store = SqlJobStore(database, catalogue=catalogue)
    with caplog.at_level(logging.WARNING):
        await database.migrate()
    assert await job_store.add_jobs([make_job(1)], SOURCE)
    assert len(await job_store.list_open_records()) == 1
    await database.close()

    assert "newer release" in caplog.text


@pytest.mark.parametrize("stored", ["2.0", "13.7"])
def test_a_newer_format_is_refused_and_left_as_it_is(database_url: str, stored: str) -> None:
    migrate_database(parse_database_url(database_url))
    execute_sql(database_url, "UPDATE stored_format SET format = :stored", stored=stored)
    execute_sql(database_url, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(UnsupportedFormatError, match=r"The database has the format .* of a newer release"):
        migrate_database(parse_database_url(database_url))

    assert execute_sql(database_url, "SELECT format FROM stored_format") == [(stored,)]


@pytest.mark.parametrize(("stored", "expected"), [(str(CURRENT_FORMAT), str(CURRENT_FORMAT)), ("1.999", "1.999")])
def test_the_newest_format_that_was_stored_is_kept(database_url: str, stored: str, expected: str) -> None:
    for _ in range(2):
        migrate_database(parse_database_url(database_url))
        assert len(execute_sql(database_url, "SELECT format FROM stored_format")) == 1
        execute_sql(database_url, "UPDATE stored_format SET format = :stored", stored=stored)

    assert execute_sql(database_url, "SELECT format FROM stored_format") == [(expected,)]


MIGRATION_HASHES = {
    "v0001_initial.py": "7faf6f4d4cb5a1881ec6034aec163ac5484cb367b151f883fb5dead1b1512706",
    "v0002_stored_format.py": "694441a2a0cb82a4040ba480794fd20d1e1aedf2db51862a40e0a93988e16e33",
    "v0003_queue_epoch.py": "4219efc289af6fdcd993a6bc57fe9f4fb17ea982cd4a7e5d24c7bb96f247361d",
    "v0004_choices.py": "45b68b6e3521b8e5b8fac26021bb4a230caf5bb55aadfd55093ba1223e149790",
    "v0005_ledger.py": "684df169dc9c52b15913d7ab40d038ce3416ffd322b8ab970baa48cc184d4a77",
    "v0006_moderation.py": "4de011aa80d833f9c729d299f1ac6a58dcdc8f44d7e49b09580776a7de93450d",
    "v0007_server_rules.py": "fa7a3dbeb3f2aa41684aac11f5a3c078080eaf9101d4c0e089581c47b959c4d5",
    "v0008_rounds.py": "89556e2254d6b1ed93a8b8604792fe1fabc6fa4841169a10c70c2d1aa822cdc9",
    "v0009_gallery.py": "d1907ac9fb1f40849f9887ad08f28b0ed64d0699af60c1e56c8782953bfa7ba7",
    "v0010_batches.py": "bcb0216845ea391fae44d69b2d8f3d7ba541c0e5266c21f8b8a5b22af640ea04",
    "v0011_result_hashes.py": "a39490b58080b35737feb3aafd58db9235b95a7d2fd0aa286fa04f074bc4798b",
    "v0012_style_sets.py": "80f664642dba5289cb58e3bc8bc9f186d814ed2b0c29f0468c5c2a90241142bb",
    "v0013_accounts.py": "864992880be3c44612112e94ed8f621bc75f6fb7f80af68c6af3213bc5bbde76",
    "v0014_million_jobs.py": "bf236e6916229ba2fe4ad5d3b3d39571d7519c29b8c28f9dd6be15d8e40b587c",
    "v0015_backups.py": "6647909704ca6d70502df1983f32ded538c8f6a3e949c359e10d3e179fd556e9",
    "v0016_favourite_counts.py": "08d0fc5346709d08d0b838eb38d653969aa8a5f61d4ccca00f95af130d2a2d71",
}
"""Add a line for each new migration; a line that is here never changes."""


def test_a_migration_never_changes_once_it_has_landed() -> None:
    folder = files("bot.storage.migrations").joinpath("versions")
    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if file.name.startswith("v") and file.name.endswith(".py")
    }

    assert found == MIGRATION_HASHES


async def test_foreign_keys_are_enforced(database: Database, job_store: SqlJobStore) -> None:
    await job_store.add_jobs([make_job(1)], None)

    assert not await job_store.mark_requeued("unknown")
    with pytest.raises(IntegrityError):
        await database.run_transaction(
            lambda connection: connection.execute(text("UPDATE jobs SET parent_id = 'unknown'"))
        )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_sqlite_has_a_write_ahead_log_and_waits_for_locks(database: Database) -> None:
    names = ("journal_mode", "foreign_keys", "busy_timeout")

    values = await database.run_transaction(
        lambda connection: [connection.execute(text(f"PRAGMA {name}")).scalar() for name in names]
    )

    assert values == ["wal", 1, 5000]


@pytest.mark.parametrize("url", ["nonsense", "mysql://h/x", "sqlite://", "sqlite:///:memory:", "postgresql://h:port/x"])
def test_an_invalid_url_is_reported_to_the_operator(url: str) -> None:
    with pytest.raises(DatabaseSetupError, match="DATABASE_URL"):
        Database(url)


@pytest.mark.parametrize("url", ["sqlite:////nowhere/records.db", "postgresql://ada:pass-word@127.0.0.1:1/records"])
async def test_a_database_that_cannot_be_opened_is_reported_without_its_password(url: str) -> None:
    database = Database(url)

    with pytest.raises(DatabaseSetupError, match="Check DATABASE_URL") as failure:
        await database.migrate()

    await database.close()
    assert "pass-word" not in str(failure.value)
