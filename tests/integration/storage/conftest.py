"""The stores on SQLite, and on PostgreSQL where a server is installed."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from bot.storage.engine import parse_database_url
from bot.storage.images import SqlImageStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
from bot.storage.migrate import migrate_database
from bot.storage.session import Database
from shared.catalogue import Catalogue
from tests.support.builders import Clock
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
    """A migrated database, to be copied: migrating takes longer than most tests of the stores."""
    file = tmp_path_factory.mktemp("migrated") / "records.db"
    migrate_database(parse_database_url(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def migrated_postgresql_url(postgresql_url: str) -> str:
    """The URL of a migrated database, to be copied."""
    execute_alone(postgresql_url, "CREATE DATABASE migrated")
    url = name_database(postgresql_url, "migrated")
    migrate_database(parse_database_url(url))
    return url


def name_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def execute_alone(url: str, *statements: str) -> None:
    """Execute statements that no transaction may hold."""
    engine = create_engine(parse_database_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database: an empty one, or one with its tables for a test that uses `database`."""
    is_migrated = "database" in request.fixturenames
    if request.param == "sqlite":
        file = tmp_path / "records.db"
        if is_migrated:
            shutil.copy(request.getfixturevalue("migrated_sqlite_file"), file)
        return f"sqlite:///{file}"
    url: str = request.getfixturevalue("postgresql_url")
    if not is_migrated:
        execute_alone(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        return url
    request.getfixturevalue("migrated_postgresql_url")
    execute_alone(url, "DROP DATABASE IF EXISTS copied WITH (FORCE)", "CREATE DATABASE copied TEMPLATE migrated")
    return name_database(url, "copied")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
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
