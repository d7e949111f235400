"""The stores on SQLite, and on PostgreSQL where a server is installed."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from bot.storage.engine import parse_database_url
from bot.storage.images import SqlImageStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
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


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    engine = create_engine(parse_database_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.migrate()
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
