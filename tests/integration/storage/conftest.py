"""The stores on SQLite, and on PostgreSQL where a server is installed."""

import shutil
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from bot.storage.engine import parse_database_url
from bot.storage.images import SqlImageStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
from bot.storage.migrate import migrate_database
from bot.storage.session import Database
from bot.storage.tables import metadata
from shared.catalogue import Catalogue
from tests.support.builders import Clock, read_rows
from tests.support.postgresql import SKIP_REASON, find_binaries, run_postgresql


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip(SKIP_REASON)
    with run_postgresql(binaries) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "records.db"
    migrate_database(parse_database_url(f"sqlite:///{file}"))
    return file


@dataclass(frozen=True)
class MigratedPostgresql:
    """A database that was migrated once, with the rows and the columns that it had then."""

    url: str
    rows: Mapping[Table, Sequence[dict[str, Any]]]
    columns: str

    def reset(self) -> None:
        """Bring back the rows; migrate again if a test has changed the schema."""
        engine = create_engine(parse_database_url(self.url), poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '20s'"))
            is_changed = read_columns(connection) != self.columns
            if is_changed:
                empty_schema(connection)
            else:
                self._reset_rows(connection)
        engine.dispose()
        if is_changed:
            migrate_database(parse_database_url(self.url))

    def _reset_rows(self, connection: Connection) -> None:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
        for table, rows in self.rows.items():
            if rows:
                connection.execute(table.insert(), rows)
        connection.execute(text("SELECT setval(format('%I', sequencename), 1, false) FROM pg_sequences"))


def read_columns(connection: Connection) -> str:
    """Read a digest of the columns of all tables and indexes."""
    columns = "SELECT c.relname || ' ' || a.attname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
    ours = "c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped"
    query = f"SELECT md5(string_agg(name, ',' ORDER BY name)) FROM ({columns} WHERE {ours}) AS names"  # noqa: S608
    return str(connection.execute(text(query)).scalar())


def empty_schema(connection: Connection) -> None:
    connection.execute(text("DROP SCHEMA public CASCADE"))
    connection.execute(text("CREATE SCHEMA public"))


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_url: str) -> MigratedPostgresql:
    """A second database of the server: migrating takes longer than most tests of the stores."""
    url = make_url(postgresql_url).set(database="migrated").render_as_string(hide_password=False)
    server = create_engine(parse_database_url(postgresql_url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE migrated"))
    server.dispose()
    migrate_database(parse_database_url(url))
    engine = create_engine(parse_database_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        columns = read_columns(connection)
    engine.dispose()
    return MigratedPostgresql(url, {table: read_rows(url, table) for table in metadata.sorted_tables}, columns)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, or of one with its tables for a test that uses `migrated_database_url`."""
    is_migrated = "migrated_database_url" in request.fixturenames
    if request.param == "sqlite":
        file = tmp_path / "records.db"
        if is_migrated:
            shutil.copy(request.getfixturevalue("migrated_sqlite_file"), file)
        return f"sqlite:///{file}"
    if is_migrated:
        migrated: MigratedPostgresql = request.getfixturevalue("migrated_postgresql")
        migrated.reset()
        return migrated.url
    url: str = request.getfixturevalue("postgresql_url")
    engine = create_engine(parse_database_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        empty_schema(connection)
    engine.dispose()
    return url


@pytest.fixture
def migrated_database_url(database_url: str) -> str:
    """The URL of a database with its tables."""
    return database_url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(migrated_database_url: str) -> AsyncIterator[Database]:
    database = Database(migrated_database_url)
    yield database
    await database.close()


@pytest.fixture
def job_store(database: Database, catalogue: Catalogue, clock: Clock) -> SqlJobStore:
    return SqlJobStore(database, catalogue=catalogue, clock=clock)


@pytest.fixture
def job_history(database: Database, clock: Clock) -> SqlJobHistory:
    return SqlJobHistory(database, clock=clock)


@pytest.fixture
def image_store(database: Database, clock: Clock) -> SqlImageStore:
    return SqlImageStore(database, clock=clock)


@pytest.fixture
def job_search(database: Database) -> SqlJobSearch:
    return SqlJobSearch(database)
