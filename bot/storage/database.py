"""Opening the database that `DATABASE_URL` names: SQLite in a file, or PostgreSQL."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Connection, Engine, Insert, Table, TextClause, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from shared.errors import PentimentoError

BUSY_TIMEOUT_SECONDS: Final = 5
TRANSACTION_TIMEOUT_SECONDS: Final = 10.0
DATABASE_ERRORS: Final = (DBAPIError, PoolTimeoutError, OSError)  # TimeoutError is an OSError
_DRIVERS: Final = {"sqlite": "aiosqlite", "postgresql": "psycopg", "postgres": "psycopg"}
_INSERT_BY_DIALECT: Final[Mapping[str, Callable[[Table], Any]]] = MappingProxyType(
    {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
)
_URL_ADVICE: Final = "Write sqlite:///file.db or postgresql://user:password@host/name into DATABASE_URL."

T = TypeVar("T")

logging.getLogger("aiosqlite").setLevel(logging.INFO)  # below, it shows every value that is written


class DatabaseSetupError(PentimentoError):
    """Why the records cannot be used, in words for the operator and without what opens them."""


class Database:
    """The database that `url` names, and its pool of connections."""

    def __init__(self, url: str) -> None:
        """Read the address. Raises `DatabaseSetupError`."""
        self.url = parse_database_url(url)
        self._engine = open_engine(self.url)
        self._sqlite_thread = SQLiteThread(self.url) if self.url.get_backend_name() == "sqlite" else None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Begin a transaction of `DEADLINE` seconds at most, committed at its end. Raises what `TROUBLE` lists."""
        async with asyncio.timeout(TRANSACTION_TIMEOUT_SECONDS), self._engine.begin() as connection:
            yield connection

    async def run_transaction(self, work: Callable[[Connection], T]) -> T:
        """Do a transaction's work in one piece, without a step that is awaited: for what every job needs.

        It is waited for `DEADLINE` seconds at most. Raises what `TROUBLE` lists.
        """
        async with asyncio.timeout(TRANSACTION_TIMEOUT_SECONDS):
            if self._sqlite_thread is not None:
                return await self._sqlite_thread.run_transaction(work)
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)

    async def checkpoint_wal(self) -> None:
        """Write SQLite's journal into its file and empty it: what was deleted is then nowhere any more.

        https://sqlite.org/pragma.html#pragma_wal_checkpoint
        """
        if self.url.get_backend_name() == "sqlite":
            async with asyncio.timeout(TRANSACTION_TIMEOUT_SECONDS), self._engine.connect() as connection:
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        """Give the connections back."""
        await self._engine.dispose()
        if self._sqlite_thread is not None:
            await self._sqlite_thread.close()


def build_upsert(
    connection: AsyncConnection,
    table: Table,
    row: Mapping[str, Any],
    *,
    conflict_columns: Sequence[str],
    conflict_where: TextClause | None = None,
    unchanged_columns: Collection[str] = (),
) -> Insert:
    """Insert a row, or change the one whose columns `same` are the same, but for its columns `kept`.

    `same` is a key or a unique index (of the rows `where`, word for word), so that of several written at once there is
    one afterwards.
    """
    statement = _INSERT_BY_DIALECT[connection.dialect.name](table).values(dict(row))
    changed = {name: statement.excluded[name] for name in row if name not in {*conflict_columns, *unchanged_columns}}
    whole: Insert = statement.on_conflict_do_update(
        index_elements=conflict_columns, index_where=conflict_where, set_=changed
    )
    return whole


class SQLiteThread:
    """Does whole transactions in a thread of its own, one at a time: SQLite has one writer anyway.

    A driver that changes threads for every step of a cursor costs several times what the steps do.
    """

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(url, hide_parameters=True)
        event.listen(self._engine, "connect", _configure_sqlite)
        self._executor = ThreadPoolExecutor(1, "records")

    async def run_transaction(self, work: Callable[[Connection], T]) -> T:
        """Do this work in a transaction. It is ended even when nobody waits for it any more."""

        def whole() -> T:
            with self._engine.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._executor, whole)

    async def close(self) -> None:
        """Close the file when what is in hand has ended."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._engine.dispose)
        self._executor.shutdown(wait=False)


def parse_database_url(url: str) -> URL:
    """Read `DATABASE_URL`. Raises `DatabaseSetupError`."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseSetupError(f"DATABASE_URL is no address of a database. {_URL_ADVICE}") from None
    kind = parsed.get_backend_name()
    if kind not in _DRIVERS or (kind == "sqlite" and parsed.database in {None, "", ":memory:"}):
        raise DatabaseSetupError(f"DATABASE_URL names no file and no PostgreSQL server. {_URL_ADVICE}")
    if kind == "sqlite":
        return parsed.set(drivername="sqlite")
    return parsed.set(drivername="postgresql+psycopg")


def open_engine(url: URL) -> AsyncEngine:
    """Open a pool for the event loop; a statement may take `BUSY_SECONDS`. To be disposed of.

    Raises `DatabaseSetupError` where PostgreSQL's driver is not installed.
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
            "DATABASE_URL names a PostgreSQL server. The bot runs without its driver. Install pentimento[postgresql]."
        ) from None


def open_migration_engine(url: URL) -> Engine:
    """Open an engine for migrations in a thread: its transactions hold tables too, also in SQLite."""
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url, hide_parameters=True, poolclass=NullPool, connect_args={"connect_timeout": BUSY_TIMEOUT_SECONDS}
        )
    engine = create_engine(url, hide_parameters=True, poolclass=NullPool)

    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def connect(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None  # else the driver ends the transaction before a table is made
        _configure_sqlite(connection, record)

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    """Let readers and the one writer not wait for each other, and overwrite what is deleted with zeros.

    https://sqlite.org/wal.html, https://sqlite.org/pragma.html#pragma_secure_delete
    """
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()
