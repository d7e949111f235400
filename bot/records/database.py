"""Opening the database that `DATABASE_URL` names: SQLite in a file, or PostgreSQL."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

BUSY_SECONDS: Final = 5
DEADLINE: Final = 10.0
TROUBLE: Final = (DBAPIError, PoolTimeoutError, OSError)  # TimeoutError is an OSError
_KINDS: Final = ("sqlite", "postgresql", "postgres")
_HOW_TO: Final = "Write sqlite:///file.db or postgresql://user:password@host/name into DATABASE_URL."

T = TypeVar("T")


class RecordsUnusableError(Exception):
    """Why the records cannot be used, in words for the operator and without what opens them."""


class SQLiteEngine:
    """A file of SQLite for the event loop: one transaction at a time, whole, in a thread of its own.

    SQLite has one writer anyway. A driver that changes threads for each step of a cursor costs more than the steps.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, "records")

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do this work in a transaction. It is ended even when nobody waits for it any more."""

        def whole() -> T:
            with self._engine.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, whole)

    async def dispose(self) -> None:
        """Close the file when what is in hand has ended."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown(wait=False)


class Database:
    """The database that `url` names, and its pool of connections."""

    def __init__(self, url: str) -> None:
        """Read the address. Raises `RecordsUnusableError`."""
        self.url = address(url)
        self._engine = open_engine(self.url)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do this work in one transaction, rolled back by what it raises. Raises what `TROUBLE` lists.

        It is waited for `DEADLINE` seconds at most.
        """
        async with asyncio.timeout(DEADLINE):
            if isinstance(self._engine, SQLiteEngine):
                return await self._engine.run(work)
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)

    async def close(self) -> None:
        """Give the connections back."""
        await self._engine.dispose()


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
