"""Copies SQLite's file while the bot uses it, and puts a copy in its place."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from bot.domain.backups import BackupError
from bot.storage.backups.folders import sync_file

FILE_NAME: Final = "database.sqlite"
_BUSY_TIMEOUT_SECONDS: Final = 5.0


def copy_sqlite_file(file: Path, copy: Path) -> None:
    """Copy a database as it is at one moment, also while it is written to. Raises `BackupError` and `OSError`.

    https://sqlite.org/backup.html
    """
    try:
        with (
            closing(_connect(file, "rw")) as source,
            closing(sqlite3.connect(copy, timeout=_BUSY_TIMEOUT_SECONDS)) as target,
        ):
            source.backup(target)  # in one step: other connections go on writing to the write-ahead log
            target.execute("PRAGMA journal_mode=DELETE")
            check_sqlite_file(target, copy)
    except sqlite3.Error as error:
        raise BackupError(f"The database cannot be copied ({error}). Check DATABASE_URL and the disk.") from None
    sync_file(copy)


def check_sqlite_file(connection: sqlite3.Connection, file: Path) -> None:
    """Check that a file is a whole database. Raises `BackupError`."""
    try:
        [result] = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        result = str(error)
    if result != "ok":
        raise BackupError(f"{file} is damaged ({result}). Restore another backup.")


def replace_sqlite_file(file: Path, copy: Path) -> None:
    """Put a copy in the place of a database that nobody uses. Raises `BackupError`."""
    new = file.with_name(file.name + ".restored")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(copy, new)
        new.chmod(file.stat().st_mode & 0o777 if file.exists() else 0o600)
        with closing(_connect(new, "ro")) as connection:
            check_sqlite_file(connection, copy)
        sync_file(new)
        if file.exists():
            _take_out_of_use(file)
        for suffix in ("-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        new.replace(file)
    except sqlite3.Error as error:
        raise BackupError(f"{copy} cannot be read ({error}). Restore another backup.") from None
    except OSError as error:
        raise BackupError(f"The database cannot be written ({error.strerror}). Check DATABASE_URL.") from None
    finally:
        new.unlink(missing_ok=True)


def _take_out_of_use(file: Path) -> None:
    """Leave the mode with a write-ahead log, which SQLite refuses while another connection is open.

    A file that is no database may be replaced. Raises `BackupError`.
    """
    try:
        with closing(_connect(file, "rw")) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        raise BackupError("The database is in use. Stop the bot, and whatever else has it open, first.") from None
    except sqlite3.DatabaseError:
        return


def _connect(file: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(file.absolute()))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_SECONDS)
