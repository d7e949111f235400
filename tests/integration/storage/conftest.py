"""Records on SQLite always, and on PostgreSQL too where a server is installed."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from bot.storage.database import parse_database_url
from bot.storage.jobs import SqlJobStore
from shared.catalogue import Catalogue
from tests.support.builders import Clock
from tests.support.postgresql import SKIP_REASON, find_binaries, run_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip(SKIP_REASON)
    with run_postgresql(binaries) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a database that is empty."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.db'}"
    url: str = request.getfixturevalue("postgresql")
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
async def records(database_url: str, catalogue: Catalogue, clock: Clock) -> AsyncIterator[SqlJobStore]:
    opened = SqlJobStore(database_url, catalogue=catalogue, clock=clock)
    await opened.migrate()
    yield opened
    await opened.close()
