"""The documented forms of `DATABASE_URL` on real servers: what the migrations can use, the work can use, too."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from bot.domain.preferences import Preferences
from bot.storage.engine import BUSY_TIMEOUT_SECONDS, NETWORK_TIMEOUT_SECONDS, parse_database_url
from bot.storage.preferences import SqlPreferencesStore
from bot.storage.session import Database
from tests.support.pgbouncer import SKIP_REASON, find_pgbouncer, run_pgbouncer

MEMBERS = range(40)


@pytest.fixture(scope="module")
def pgbouncer_url(postgresql_url: str) -> Iterator[str]:
    program = find_pgbouncer()
    if program is None:
        pytest.skip(SKIP_REASON)
    [folder] = parse_qs(urlsplit(postgresql_url).query)["host"]
    with run_pgbouncer(program, folder) as url:
        yield url


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.migrate()
    yield database
    await database.close()


def run_sql(url: str, statement: str) -> list[str]:
    engine = create_engine(parse_database_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        rows = [str(row[0]) for row in result] if result.returns_rows else []
    engine.dispose()
    return rows


async def test_the_search_path_of_the_url_holds_for_migrations_and_for_work(postgresql_url: str) -> None:
    run_sql(postgresql_url, "DROP SCHEMA IF EXISTS art CASCADE")
    run_sql(postgresql_url, "CREATE SCHEMA art")

    async with open_database(f"{postgresql_url}&options=-csearch_path%3Dart") as database:
        await SqlPreferencesStore(database).save_preferences(7, Preferences())
        async with database.transaction() as connection:
            limits = [
                await connection.scalar(text(f"SHOW {name}"))
                for name in ("statement_timeout", "idle_in_transaction_session_timeout")
            ]

    assert run_sql(postgresql_url, "SELECT user_id FROM art.user_preferences") == ["7"]
    assert limits == [f"{BUSY_TIMEOUT_SECONDS}s", f"{NETWORK_TIMEOUT_SECONDS}s"]
    run_sql(postgresql_url, "DROP SCHEMA art CASCADE")


@pytest.mark.parametrize(
    ("options", "timeouts"),
    [("", ("5", "10000", "10")), ("&connect_timeout=7&tcp_user_timeout=400&keepalives_idle=9", ("7", "400", "9"))],
)
async def test_a_connection_to_a_host_that_is_out_of_reach_breaks_unless_the_url_says_otherwise(
    postgresql_url: str, options: str, timeouts: tuple[str, ...]
) -> None:
    async with open_database(postgresql_url + options) as database, database.transaction() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        parameters = driver.info.get_parameters()

    names = ("connect_timeout", "tcp_user_timeout", "keepalives_idle")
    assert tuple(parameters[name] for name in names) == timeouts


async def test_pgbouncer_that_pools_transactions_serves_migrations_and_work(
    postgresql_url: str, pgbouncer_url: str
) -> None:
    run_sql(postgresql_url, "DROP SCHEMA public CASCADE")
    run_sql(postgresql_url, "CREATE SCHEMA public")

    async with open_database(pgbouncer_url) as database:
        store = SqlPreferencesStore(database)
        for _ in range(6):  # the driver would prepare a statement that it sends for the sixth time
            await asyncio.gather(*(store.save_preferences(member, Preferences()) for member in MEMBERS))

    assert run_sql(postgresql_url, "SELECT count(*) FROM user_preferences") == [str(len(MEMBERS))]
    assert run_sql(pgbouncer_url, "SHOW statement_timeout") == ["0"]  # no setting stays behind for others
