"""Backups are made while the database is written to, and restored only where nothing is lost by it."""

import asyncio
import json
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from bot.domain.backups import BackupError
from bot.storage.backup_log import SqlBackupLog
from bot.storage.backups.operations import make_backup, restore_backup
from bot.storage.engine import parse_database_url
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import jobs, ledger_entries, metadata
from shared.catalogue import Catalogue
from tests.support.builders import NOON, make_job_by, read_rows
from tests.support.database import execute_sql
from tests.support.postgresql import find_binaries


@pytest.fixture
def url(migrated_database_url: str) -> str:
    if migrated_database_url.startswith("postgresql") and shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed (Debian: postgresql-client)")
    return migrated_database_url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


async def add_jobs(url: str, catalogue: Catalogue, *numbers: int) -> None:
    database = Database(url)
    store = SqlJobStore(database, catalogue=catalogue)
    await store.add_jobs([make_job_by(number, prompt=f"castle {number}") for number in numbers], None)
    await database.close()


def read_everything(url: str) -> dict[str, list[dict[str, object]]]:
    names = {table.name for table in metadata.sorted_tables} - {"backups", "queue_epoch"}
    return {name: read_rows(url, metadata.tables[name]) for name in sorted(names)}


async def test_a_backup_brings_back_what_was_there_when_it_was_made(
    url: str, folder: Path, catalogue: Catalogue
) -> None:
    await add_jobs(url, catalogue, 1, 2)
    execute_sql(url, "INSERT INTO queue_epoch (id, number) VALUES (1, 7)")
    before = read_everything(url)
    backup = make_backup(parse_database_url(url), folder, NOON)
    await add_jobs(url, catalogue, 3)

    restored = restore_backup(parse_database_url(url), folder, NOON + 60, is_forced=True)

    assert restored.folder == backup.folder
    assert read_everything(url) == before
    assert (backup.manifest.row_counts["jobs"], backup.manifest.row_counts["ledger_entries"]) == (2, 2)
    database = Database(url)
    log = SqlBackupLog(database)
    last = await log.load_last_backup()
    assert last is not None
    assert (last.made_at, await log.is_restored()) == (NOON, True)
    assert execute_sql(url, "SELECT * FROM queue_epoch") == []  # so that the queue is compared, whatever it says
    await log.mark_compared()
    assert not await log.is_restored()
    await database.close()


async def test_a_copy_that_is_made_amid_writing_is_of_one_moment(url: str, folder: Path, catalogue: Catalogue) -> None:
    """Each transaction adds a job with its reservation: a copy never has one without the other."""
    stop = threading.Event()

    def write() -> None:
        async def add_until_stopped() -> None:
            number = 0
            while not stop.is_set():
                number += 2
                await add_jobs(url, catalogue, number, number + 1)

        asyncio.run(add_until_stopped())

    writer = threading.Thread(target=write)
    writer.start()
    try:
        backups = [await asyncio.to_thread(make_backup, parse_database_url(url), folder, NOON + n) for n in range(3)]
    finally:
        stop.set()
        writer.join()
    for backup in backups:
        counts = backup.manifest.row_counts
        assert counts["jobs"] == counts["ledger_entries"] == counts["queue_entries"]
        assert counts["jobs"] % 2 == 0
    restore_backup(parse_database_url(url), backups[-1].folder, NOON, is_forced=True)
    assert len(read_rows(url, jobs)) == len(read_rows(url, ledger_entries)) == backups[-1].manifest.row_counts["jobs"]


async def test_a_database_with_rows_is_overwritten_only_by_force(url: str, folder: Path, catalogue: Catalogue) -> None:
    make_backup(parse_database_url(url), folder, NOON)
    restore_backup(parse_database_url(url), folder, NOON)  # nothing is lost: it is empty
    await add_jobs(url, catalogue, 1)

    with pytest.raises(BackupError, match="not empty: it has 1 jobs"):
        restore_backup(parse_database_url(url), folder, NOON)
    assert len(read_rows(url, jobs)) == 1

    restore_backup(parse_database_url(url), folder, NOON, is_forced=True)
    assert read_rows(url, jobs) == []


async def test_a_database_in_use_is_not_overwritten(url: str, folder: Path, database: Database) -> None:
    make_backup(parse_database_url(url), folder, NOON)
    async with database.transaction() as connection:
        await connection.run_sync(lambda sync: sync.execute(jobs.select()).all())

        with pytest.raises(BackupError, match="is in use"):
            await asyncio.to_thread(
                restore_backup, parse_database_url(url), folder, NOON, is_forced=url.startswith("sqlite")
            )


async def test_a_new_machine_is_given_a_backup(
    url: str, folder: Path, tmp_path: Path, catalogue: Catalogue, request: pytest.FixtureRequest
) -> None:
    await add_jobs(url, catalogue, 1)
    make_backup(parse_database_url(url), folder, NOON)
    empty = f"sqlite:///{tmp_path / 'new' / 'records.db'}"
    if url.startswith("postgresql"):
        empty = request.getfixturevalue("postgresql_url")
        execute_sql(empty, "DROP SCHEMA public CASCADE")
        execute_sql(empty, "CREATE SCHEMA public")

    restore_backup(parse_database_url(empty), folder, NOON)

    assert read_everything(empty) == read_everything(url)


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite_file: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated_sqlite_file, tmp_path / 'records.db')}"


def test_what_is_not_as_it_was_written_is_not_restored(sqlite_url: str, folder: Path) -> None:
    url = parse_database_url(sqlite_url)
    backup = make_backup(url, folder, NOON)
    manifest = json.loads((backup.folder / "manifest.json").read_text())

    def change_manifest(**changes: object) -> None:
        (backup.folder / "manifest.json").write_text(json.dumps({**manifest, **changes}))

    change_manifest(stored_format="99.0")
    with pytest.raises(BackupError, match=r"format 99\.0 of a newer release"):
        restore_backup(url, folder, NOON)
    change_manifest(database="postgresql")
    with pytest.raises(BackupError, match="is of postgresql"):
        restore_backup(url, folder, NOON)
    change_manifest(row_counts={**manifest["row_counts"], "jobs": 5})
    with pytest.raises(BackupError, match="not the rows"):
        restore_backup(url, folder, NOON)
    change_manifest()
    with (backup.folder / "database.sqlite").open("r+b") as file:
        file.seek(5000)
        file.write(b"damage")
    with pytest.raises(BackupError, match="its hash differs"):
        restore_backup(url, folder, NOON)
    (backup.folder / "database.sqlite").unlink()
    with pytest.raises(BackupError, match="not complete"):
        restore_backup(url, folder, NOON)
    with pytest.raises(BackupError, match="has no backup"):
        restore_backup(url, folder / "nothing", NOON)


def test_only_so_many_backups_are_kept_and_half_a_backup_is_none(sqlite_url: str, folder: Path) -> None:
    url = parse_database_url(sqlite_url)
    (folder / "pentimento-20200101T000000Z.unfinished").mkdir(parents=True)
    (folder / "pentimento-of-somebody").mkdir()
    for number in range(4):
        make_backup(url, folder, NOON + number, keep=2)
    (folder / "pentimento-29990101T000000Z").mkdir()  # killed before its manifest was written

    restored = restore_backup(url, folder, NOON)

    assert restored.manifest.made_at == NOON + 3
    assert [path.name for path in sorted(folder.iterdir()) if (path / "manifest.json").exists()] == [
        "pentimento-20270115T080002Z",
        "pentimento-20270115T080003Z",
    ]
    assert (folder / "pentimento-of-somebody").exists()


@pytest.mark.parametrize(
    ("make_database", "reason"),
    [
        (lambda _: None, "There is no database"),
        (lambda file: file.write_bytes(b"no database at all" * 100), "file is not a database"),
        (lambda file: sqlite3.connect(file).execute("CREATE TABLE t (i)"), "The database is empty"),
    ],
)
def test_what_cannot_be_backed_up_leaves_no_folder(
    make_database: object, reason: str, tmp_path: Path, folder: Path
) -> None:
    file = tmp_path / "records.db"
    make_database(file)  # type: ignore[operator]

    with pytest.raises(BackupError, match=reason):
        make_backup(parse_database_url(f"sqlite:///{file}"), folder, NOON)

    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_named(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BackupError, match=r"cannot be written to .*Name a folder"):
        make_backup(parse_database_url(sqlite_url), tmp_path / "file" / "backups", NOON)


def test_without_the_programs_of_postgresql_a_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, folder: Path, request: pytest.FixtureRequest
) -> None:
    if find_binaries() is None:
        pytest.skip("no PostgreSQL server was found")
    url = request.getfixturevalue("migrated_postgresql").url
    monkeypatch.setenv("PATH", str(folder))

    with pytest.raises(BackupError, match=r"pg_dump is not installed\. Install PostgreSQL's client"):
        make_backup(parse_database_url(url), folder, NOON)
