"""Bringing the tables to this release's schema: at every start, under a lock, once however many bots start."""

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import SQLAlchemyError

from bot.storage.database import DatabaseSetupError, open_migration_engine

log = logging.getLogger(__name__)

LOCK_TIMEOUT_SECONDS: Final = 60
_ADVISORY_LOCK_ID: Final = 0x70656E74  # PostgreSQL's advisory locks are numbers; this one spells "pent"
_CONNECTION_ADVICE: Final = "Check DATABASE_URL, and whether the database runs and may be written."


def migrate_database(url: URL, revision: str = "head") -> None:
    """Bring the tables up to a revision; a schema newer than this release is left as it is. Blocks.

    Raises `DatabaseSetupError`. https://alembic.sqlalchemy.org/en/latest/cookbook.html#connection-sharing
    """
    engine = open_migration_engine(url)
    try:
        with _hold_lock_file(url), engine.begin() as connection:
            _upgrade_schema(connection, revision)
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise DatabaseSetupError(
            f"The records cannot be opened ({_get_first_line(cause)}). {_CONNECTION_ADVICE}"
        ) from None
    finally:
        engine.dispose()


def build_alembic_config() -> Config:
    """Name the folder of the migrations to Alembic."""
    config = Config()
    config.set_main_option("script_location", "bot.storage:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _upgrade_schema(connection: Connection, revision: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK_ID})"))
    config = build_alembic_config()
    stands = MigrationContext.configure(connection).get_current_revision()
    if stands is not None and not _is_known_revision(config, stands):
        log.warning("the records have the schema %s of a newer release; they are used as they are", stands)
        return
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _is_known_revision(config: Config, revision: str) -> bool:
    try:
        return ScriptDirectory.from_config(config).get_revision(revision) is not None
    except CommandError:
        return False


@contextmanager
def _hold_lock_file(url: URL) -> Iterator[None]:
    """Hold a lock beside SQLite's file: its journal can be set to WAL by one at a time, which waits for nobody."""
    if url.get_backend_name() != "sqlite":
        yield
        return
    with Path(f"{url.database}.lock").open("ab") as file:
        patience = time.monotonic() + LOCK_TIMEOUT_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > patience:
                    raise
            time.sleep(0.05)
        yield


def _get_first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
