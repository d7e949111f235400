"""Upgrading the schema at every start, under a lock, so that bots that start together upgrade it once."""

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from bot.domain.outages import get_reason
from bot.storage.engine import DatabaseSetupError, open_migration_engine
from bot.storage.stored_format import check_database_format, store_database_format

log = logging.getLogger(__name__)

LOCK_TIMEOUT_SECONDS: Final = 60
_LOCK_POLL_SECONDS: Final = 0.05
_ADVISORY_LOCK_ID: Final = 0x70656E74  # PostgreSQL's advisory locks are numbers; this one spells "pent"
_VERSIONS_FOLDER: Final = Path(__file__).parent / "migrations" / "versions"
_CONNECTION_ADVICE: Final = "Check DATABASE_URL, and that the database is running and writable."


def migrate_database(url: URL, revision: str = "head") -> None:
    """Upgrade the schema to a revision. The schema of a newer release in a format that is read here is left alone.

    Blocks. Raises `DatabaseSetupError` and `UnsupportedFormatError`.
    """
    engine = open_migration_engine(url)
    try:
        with _hold_lock_file(url), engine.begin() as connection:
            _upgrade_schema(connection, revision)
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseSetupError(f"The database cannot be opened ({get_reason(error)}). {_CONNECTION_ADVICE}") from None
    finally:
        engine.dispose()


def read_revision(connection: Connection) -> str | None:
    """Read the revision of the schema; None if the database is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def list_revisions() -> list[str]:
    """List the revisions of this release by the names of their files, the oldest first."""
    return [path.stem.removeprefix("v") for path in sorted(_VERSIONS_FOLDER.glob("v[0-9]*.py"))]


def _upgrade_schema(connection: Connection, revision: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK_ID})"))
    check_database_format(connection)
    known, current = list_revisions(), read_revision(connection)
    if current is not None and current not in known:
        log.warning("the database has the schema %s of a newer release; it is used as it is", current)
        return
    if current != known[-1]:
        from bot.storage.schema_upgrade import upgrade_schema  # noqa: PLC0415 - Alembic takes 13 MiB of memory

        upgrade_schema(connection, revision)
    if revision == "head":
        store_database_format(connection)


@contextmanager
def _hold_lock_file(url: URL) -> Iterator[None]:
    """Lock a file beside SQLite's database: a second process that switches it to WAL at the same time would fail."""
    if url.get_backend_name() != "sqlite":
        yield
        return
    with Path(f"{url.database}.lock").open("ab") as file:
        deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_LOCK_POLL_SECONDS)
        yield
