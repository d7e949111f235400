"""Making a backup while the bot runs, and restoring one into a database that nobody uses."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import URL, Connection, Engine, create_engine, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from bot.domain.backups import BackupError, BackupManifest, LastBackup
from bot.domain.outages import get_reason
from bot.storage.backup_log import save_last_backup, save_restoration
from bot.storage.backups import postgresql, sqlite
from bot.storage.backups.folders import (
    compute_sha256,
    create_backup_folder,
    delete_old_backups,
    find_backup,
    load_manifest,
    write_manifest,
)
from bot.storage.engine import DatabaseSetupError, open_migration_engine
from bot.storage.migrate import migrate_database, read_revision
from bot.storage.stored_format import load_database_format
from bot.storage.tables import backups, metadata, queue_epoch, stored_format
from shared import __version__
from shared.stored_format import UnsupportedFormatError, choose_format

_UNCOUNTED_TABLES: Final = frozenset({stored_format.name, queue_epoch.name, backups.name})
"""They may have a row before anything was asked for."""


class Backup(NamedTuple):
    """A backup in its folder."""

    folder: Path
    manifest: BackupManifest


def make_backup(url: URL, parent: Path, now: float, *, keep: int | None = None) -> Backup:
    """Back the database up into a new folder in `parent`, and delete all but the `keep` newest there. Blocks.

    Raises `BackupError`.
    """
    with create_backup_folder(parent, now) as (folder, final):
        manifest = _copy_sqlite(url, folder, now) if _is_sqlite(url) else _dump_postgresql(url, folder, now)
        write_manifest(folder, manifest)
    with _begin(url) as connection:
        save_last_backup(connection, LastBackup(now, manifest.size_bytes))
    if keep is not None:
        delete_old_backups(parent, keep)
    return Backup(final, manifest)


def restore_backup(url: URL, folder: Path, now: float, *, is_forced: bool = False) -> Backup:
    """Restore a backup, or the newest one in a folder, and upgrade its tables to those of this release. Blocks.

    Only `is_forced` overwrites a database with rows. One that is in use is not overwritten, except that `is_forced`
    does so on PostgreSQL, where nobody knows whose connections there are. Raises `BackupError`.
    """
    found = find_backup(folder)
    manifest = load_manifest(found)
    _check_manifest(manifest, url)
    if not is_forced:
        _require_empty(url)
    file = found / Path(manifest.file_name).name
    if _is_sqlite(url):
        sqlite.replace_sqlite_file(Path(url.database or ""), file)
    else:
        _restore_postgresql(url, file, manifest, is_forced=is_forced)
    with _begin(url) as connection:
        counts = _count_rows(connection)
    if any(counts.get(name, count) != count for name, count in manifest.row_counts.items()):
        raise BackupError("The restored database has not the rows that the manifest names. Restore another backup.")
    try:
        migrate_database(url)
    except (DatabaseSetupError, UnsupportedFormatError) as error:
        raise BackupError(str(error)) from None
    with _begin(url) as connection:
        save_restoration(connection, LastBackup(manifest.made_at, manifest.size_bytes), now)
    return Backup(found, manifest)


def _copy_sqlite(url: URL, folder: Path, now: float) -> BackupManifest:
    file = Path(url.database or "")
    if not file.is_file():
        raise BackupError(f"There is no database {file}. Check DATABASE_URL, or start the bot once.")
    copy = folder / sqlite.FILE_NAME
    sqlite.copy_sqlite_file(file, copy)
    engine = create_engine(url.set(database=str(copy)), poolclass=NullPool)
    with _begin_on(engine) as connection:
        return _build_manifest(connection, copy, now)


def _dump_postgresql(url: URL, folder: Path, now: float) -> BackupManifest:
    dump = folder / postgresql.FILE_NAME
    with _begin(url, isolation_level="REPEATABLE READ") as connection:
        postgresql.dump_database(url, connection, dump)
        return _build_manifest(connection, dump, now)


def _restore_postgresql(url: URL, dump: Path, manifest: BackupManifest, *, is_forced: bool) -> None:
    postgresql.check_dump(url, dump)
    with _begin(url) as connection:
        schema_name = postgresql.load_schema_name(connection)
        if schema_name != manifest.schema_name:
            raise BackupError(
                f"The backup is of the schema {manifest.schema_name}, but DATABASE_URL names {schema_name}. "
                "Name a schema of the same name."
            )
        others = postgresql.count_other_sessions(connection)
        if others and not is_forced:
            raise BackupError(
                f"The database is in use: it has {others} other connections. Stop the bot, or add --force if none of "
                "them is the bot's."
            )
        postgresql.drop_tables(connection)
    postgresql.restore_dump(url, dump, schema_name)


def _build_manifest(connection: Connection, file: Path, now: float) -> BackupManifest:
    """Describe a copy, with the rows that `connection` sees."""
    revision, found_format = read_revision(connection), load_database_format(connection)
    if revision is None or found_format is None:
        raise BackupError("The database is empty, or of no release that has backups. Start the bot once.")
    is_sqlite = connection.dialect.name == "sqlite"
    return BackupManifest(
        release=__version__,
        stored_format=found_format,
        migration=revision,
        made_at=now,
        database="sqlite" if is_sqlite else "postgresql",
        schema_name="" if is_sqlite else postgresql.load_schema_name(connection),
        file_name=file.name,
        size_bytes=file.stat().st_size,
        sha256=compute_sha256(file),
        row_counts=_count_rows(connection),
    )


def _check_manifest(manifest: BackupManifest, url: URL) -> None:
    """Check that this release reads the backup, and that it is of this kind of database. Raises `BackupError`."""
    try:
        choose_format(manifest.stored_format, "The backup")
    except UnsupportedFormatError as error:
        raise BackupError(str(error)) from None
    if manifest.database != url.get_backend_name():
        raise BackupError(
            f"The backup is of {manifest.database}, but DATABASE_URL names {url.get_backend_name()}. "
            "Restore it into a database of the same kind."
        )


def _require_empty(url: URL) -> None:
    """Check that there is nothing to overwrite. Raises `BackupError`."""
    if _is_sqlite(url):
        file = Path(url.database or "")
        if not file.exists() or not file.stat().st_size:
            return
    with _begin(url) as connection:
        counts = _count_rows(connection)
    filled = [name for name, count in counts.items() if count and name not in _UNCOUNTED_TABLES]
    if filled:
        raise BackupError(
            f"The database is not empty: it has {counts.get('jobs', 0)} jobs. Back it up first, and add --force to "
            "overwrite it."
        )


def _count_rows(connection: Connection) -> dict[str, int]:
    """Count the rows of all tables that this release knows and the database has."""
    present = set(inspect(connection).get_table_names())
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
        if table.name in present
    }


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


@contextmanager
def _begin(url: URL, *, isolation_level: str | None = None) -> Iterator[Connection]:
    """Open a transaction. Raises `BackupError`."""
    try:
        engine = open_migration_engine(url)
    except DatabaseSetupError as error:
        raise BackupError(str(error)) from None
    options = {} if isolation_level is None else {"isolation_level": isolation_level}
    with _begin_on(engine.execution_options(**options)) as connection:
        yield connection


@contextmanager
def _begin_on(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise BackupError(f"The database cannot be used ({get_reason(error)}). Check DATABASE_URL.") from None
    finally:
        engine.dispose()
