"""Opening the database that `DATABASE_URL` names: SQLite in a file, or PostgreSQL."""

import sqlite3
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bot.records.sqlite import SQLiteEngine, SQLiteTransaction

Transaction = AsyncConnection | SQLiteTransaction

BUSY_SECONDS: Final = 5
_KINDS: Final = ("sqlite", "postgresql", "postgres")
_HOW_TO: Final = "Write sqlite:///file.db or postgresql://user:password@host/name into DATABASE_URL."


class RecordsUnusableError(Exception):
    """Why the records cannot be used, in words for the operator and without what opens them."""


def address(url: str) -> URL:
    """Read `DATABASE_URL`. Raises `RecordsUnusableError`."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise RecordsUnusableError(f"DATABASE_URL is no address of a database. {_HOW_TO}") from None
    kind = parsed.get_backend_name()
    if kind not in _KINDS or (kind == "sqlite" and parsed.database in {None, "", ":memory:"}):
        raise RecordsUnusableError(f"DATABASE_URL names no file and no PostgreSQL server. {_HOW_TO}")
    if kind == "sqlite":
        return parsed.set(drivername="sqlite")
    return parsed.set(drivername="postgresql+psycopg")


def open_engine(url: URL) -> AsyncEngine | SQLiteEngine:
    """Open a pool for the event loop; a statement may take `BUSY_SECONDS`. To be disposed of.

    Raises `RecordsUnusableError` where PostgreSQL's driver is not installed.
    """
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True)
        event.listen(engine, "connect", _configure)
        return SQLiteEngine(engine)
    milliseconds = BUSY_SECONDS * 1000
    limits = {"connect_timeout": BUSY_SECONDS, "options": f"-c statement_timeout={milliseconds}"}
    try:
        return create_async_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=limits)
    except ModuleNotFoundError:
        raise RecordsUnusableError(
            "DATABASE_URL names a PostgreSQL server. The bot runs without its driver. Install pentimento[postgresql]."
        ) from None


def open_migration_engine(url: URL) -> Engine:
    """Open an engine for migrations in a thread: its transactions hold tables too, also in SQLite."""
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url, hide_parameters=True, poolclass=NullPool, connect_args={"connect_timeout": BUSY_SECONDS}
        )
    engine = create_engine(url, hide_parameters=True, poolclass=NullPool)

    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def connect(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None  # else the driver ends the transaction before a table is made
        _configure(connection, record)

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
    return engine


def _configure(connection: Any, _record: Any) -> None:
    """https://sqlite.org/wal.html: readers and the one writer do not wait for each other."""
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
