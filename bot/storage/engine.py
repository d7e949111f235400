"""Connections to the database that `DATABASE_URL` names: SQLite in a file, or PostgreSQL."""

import logging
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from shared.addresses.database import parse_database_address
from shared.addresses.splitting import InvalidAddressError
from shared.errors import PentimentoError

BUSY_TIMEOUT_SECONDS: Final = 5

NETWORK_TIMEOUT_SECONDS: Final = 10
"""How long PostgreSQL's host may leave data or a probe unacknowledged until the connection counts as broken. The
kernel's own patience is 15 minutes, or 2 hours when nothing is being sent, and psycopg waits as long as it does."""

_KEEPALIVE_OPTIONS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "keepalives_idle": NETWORK_TIMEOUT_SECONDS,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "tcp_user_timeout": NETWORK_TIMEOUT_SECONDS * 1000,
    }
)
"""https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-TCP-USER-TIMEOUT"""

logging.getLogger("aiosqlite").setLevel(logging.INFO)  # at DEBUG it logs every value that is written


class DatabaseSetupError(PentimentoError):
    """The database cannot be used. The message is for the operator and holds no credentials."""


def parse_database_url(url: str) -> URL:
    """Parse `DATABASE_URL`. Raises `DatabaseSetupError`."""
    try:
        address = parse_database_address(url)
    except InvalidAddressError as error:
        raise DatabaseSetupError(f"DATABASE_URL is wrong: {error}.") from None
    if address.backend == "sqlite":
        return URL.create("sqlite", database=address.path)
    return URL.create(
        "postgresql+psycopg",
        username=address.username,
        password=address.password,
        host=address.host,
        port=address.port,
        database=address.name,
        query=address.options,
    )


def open_async_engine(url: URL) -> AsyncEngine:
    """Open a connection pool for the event loop. A statement may take `BUSY_TIMEOUT_SECONDS`.

    Raises `DatabaseSetupError` if PostgreSQL's driver is not installed.
    """
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url.set(drivername="sqlite+aiosqlite"), hide_parameters=True)
        event.listen(engine.sync_engine, "connect", _configure_sqlite)
        return engine
    with _require_driver():
        engine = create_async_engine(
            url, hide_parameters=True, pool_pre_ping=True, connect_args=_build_postgresql_arguments(url)
        )
    event.listen(engine.sync_engine, "begin", _limit_statements)
    return engine


def open_sqlite_engine(url: URL) -> Engine:
    """Open a connection pool for threads."""
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _configure_sqlite)
    return engine


def open_migration_engine(url: URL) -> Engine:
    """Open an engine for migrations in a thread. Its transactions include DDL, on SQLite too.

    Raises `DatabaseSetupError` if PostgreSQL's driver is not installed.
    """
    if url.get_backend_name() != "sqlite":
        with _require_driver():
            return create_engine(
                url, hide_parameters=True, poolclass=NullPool, connect_args=_build_postgresql_arguments(url)
            )
    engine = create_engine(url, hide_parameters=True, poolclass=NullPool)

    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def configure(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None  # otherwise the driver commits before DDL
        _configure_sqlite(connection, record)

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", begin)
    return engine


@contextmanager
def _require_driver() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError:
        raise DatabaseSetupError(
            "DATABASE_URL names a PostgreSQL server, but its driver is not installed. Install pentimento[postgresql]."
        ) from None


def _build_postgresql_arguments(url: URL) -> dict[str, Any]:
    """Build the arguments that migrations and work have in common, so that what passes one passes the other.

    Prepared statements and settings of a session would end up in the connections of others where PgBouncer pools
    transactions: https://www.pgbouncer.org/features.html
    """
    timeouts = {"connect_timeout": BUSY_TIMEOUT_SECONDS, **_KEEPALIVE_OPTIONS}
    return {"prepare_threshold": None, **{name: value for name, value in timeouts.items() if name not in url.query}}


def _limit_statements(connection: Connection) -> None:
    """Set the time limits of the transaction, and do not compile its queries, which takes longer than any of them.

    The server ends a transaction whose bot is out of reach, which would otherwise keep its locks for hours. As
    parameters of the connection, these would replace those of the URL.
    """
    connection.exec_driver_sql(
        f"SET LOCAL statement_timeout = {BUSY_TIMEOUT_SECONDS * 1000}; "
        f"SET LOCAL idle_in_transaction_session_timeout = {NETWORK_TIMEOUT_SECONDS * 1000}; SET LOCAL jit = off"
    )


def _configure_sqlite(connection: Any, _record: Any) -> None:
    """Use a write-ahead log, so that readers and the writer do not block each other, and zero deleted content.

    https://sqlite.org/wal.html, https://sqlite.org/pragma.html#pragma_secure_delete
    """
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()
