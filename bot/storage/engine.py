"""Connections to the database that `DATABASE_URL` names: SQLite in a file, or PostgreSQL."""

import logging
import sqlite3
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from shared.errors import PentimentoError

BUSY_TIMEOUT_SECONDS: Final = 5
_SUPPORTED_BACKENDS: Final = frozenset({"sqlite", "postgresql", "postgres"})
_URL_ADVICE: Final = "Set it to sqlite:///file.db or postgresql://user:password@host/name."

logging.getLogger("aiosqlite").setLevel(logging.INFO)  # at DEBUG it logs every value that is written


class DatabaseSetupError(PentimentoError):
    """The database cannot be used. The message is for the operator and holds no credentials."""


def parse_database_url(url: str) -> URL:
    """Parse `DATABASE_URL`. Raises `DatabaseSetupError`."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseSetupError(f"DATABASE_URL is not the URL of a database. {_URL_ADVICE}") from None
    backend = parsed.get_backend_name()
    if backend not in _SUPPORTED_BACKENDS or (backend == "sqlite" and parsed.database in {None, "", ":memory:"}):
        raise DatabaseSetupError(f"DATABASE_URL names neither a file nor a PostgreSQL server. {_URL_ADVICE}")
    return parsed.set(drivername="sqlite" if backend == "sqlite" else "postgresql+psycopg")


def open_async_engine(url: URL) -> AsyncEngine:
    """Open a connection pool for the event loop. A statement may take `BUSY_TIMEOUT_SECONDS`.

    Raises `DatabaseSetupError` if PostgreSQL's driver is not installed.
    """
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url.set(drivername="sqlite+aiosqlite"), hide_parameters=True)
        event.listen(engine.sync_engine, "connect", _configure_sqlite)
        return engine
    milliseconds = BUSY_TIMEOUT_SECONDS * 1000
    limits = {"connect_timeout": BUSY_TIMEOUT_SECONDS, "options": f"-c statement_timeout={milliseconds}"}
    try:
        return create_async_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=limits)
    except ModuleNotFoundError:
        raise DatabaseSetupError(
            "DATABASE_URL names a PostgreSQL server, but its driver is not installed. Install pentimento[postgresql]."
        ) from None


def open_sqlite_engine(url: URL) -> Engine:
    """Open a connection pool for threads."""
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _configure_sqlite)
    return engine


def open_migration_engine(url: URL) -> Engine:
    """Open an engine for migrations in a thread. Its transactions include DDL, on SQLite too."""
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url, hide_parameters=True, poolclass=NullPool, connect_args={"connect_timeout": BUSY_TIMEOUT_SECONDS}
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
