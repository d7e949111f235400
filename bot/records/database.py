"""Opening the database that `DATABASE_URL` names: SQLite in a file, or PostgreSQL."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import URL, Engine, Insert, Table, TextClause, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.sql import Executable

from bot.records.sqlite import SQLiteThread

BUSY_SECONDS: Final = 5
DEADLINE: Final = 10.0
TROUBLE: Final = (DBAPIError, PoolTimeoutError, OSError)  # TimeoutError is an OSError
_DRIVERS: Final = {"sqlite": "aiosqlite", "postgresql": "psycopg", "postgres": "psycopg"}
_INSERTS: Final[Mapping[str, Callable[[Table], Any]]] = MappingProxyType(
    {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
)
_HOW_TO: Final = "Write sqlite:///file.db or postgresql://user:password@host/name into DATABASE_URL."

T = TypeVar("T")

logging.getLogger("aiosqlite").setLevel(logging.INFO)  # below, it shows every value that is written


class RecordsUnusableError(Exception):
    """Why the records cannot be used, in words for the operator and without what opens them."""


class Transaction(Protocol):
    """What `Database.run` is given to work with: SQLAlchemy's connection, or SQLite's own with as much of it."""

    def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None, /
    ) -> Any:
        """Execute a statement; its rows are had by `one_or_none`, `all`, `scalar` and `rowcount` of the answer."""
        ...


class Database:
    """The database that `url` names, and its pool of connections."""

    def __init__(self, url: str) -> None:
        """Read the address. Raises `RecordsUnusableError`."""
        self.url = address(url)
        self._engine = open_engine(self.url)
        in_file = self.url.get_backend_name() == "sqlite"
        self._thread = SQLiteThread(str(self.url.database), configure) if in_file else None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Begin a transaction of `DEADLINE` seconds at most, committed at its end. Raises what `TROUBLE` lists."""
        async with asyncio.timeout(DEADLINE), self._engine.begin() as connection:
            yield connection

    async def run(self, work: Callable[[Transaction], T]) -> T:
        """Do a transaction's work in one piece, without a step that is awaited: for what every job needs.

        Its statements are to be made once, not for each run, and of SQLite a Boolean comes as 0 or 1. It is waited for
        `DEADLINE` seconds at most. Raises what `TROUBLE` lists.
        """
        async with asyncio.timeout(DEADLINE):
            if self._thread is not None:
                return await self._thread.run(work)
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)

    async def wipe(self) -> None:
        """Write SQLite's journal into its file and empty it: what was deleted is then nowhere any more.

        https://sqlite.org/pragma.html#pragma_wal_checkpoint
        """
        if self.url.get_backend_name() == "sqlite":
            async with asyncio.timeout(DEADLINE), self._engine.connect() as connection:
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        """Give the connections back."""
        await self._engine.dispose()
        if self._thread is not None:
            await self._thread.close()


def upsert(
    records: AsyncConnection,
    table: Table,
    row: Mapping[str, Any],
    *,
    same: Sequence[str],
    where: TextClause | None = None,
    kept: Collection[str] = (),
) -> Insert:
    """Insert a row, or change the one whose columns `same` are the same, but for its columns `kept`.

    `same` is a key or a unique index (of the rows `where`, word for word), so that of several written at once there is
    one afterwards.
    """
    statement = _INSERTS[records.dialect.name](table).values(dict(row))
    changed = {name: statement.excluded[name] for name in row if name not in {*same, *kept}}
    whole: Insert = statement.on_conflict_do_update(index_elements=same, index_where=where, set_=changed)
    return whole


def address(url: str) -> URL:
    """Read `DATABASE_URL`. Raises `RecordsUnusableError`."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise RecordsUnusableError(f"DATABASE_URL is no address of a database. {_HOW_TO}") from None
    kind = parsed.get_backend_name()
    if kind not in _DRIVERS or (kind == "sqlite" and parsed.database in {None, "", ":memory:"}):
        raise RecordsUnusableError(f"DATABASE_URL names no file and no PostgreSQL server. {_HOW_TO}")
    if kind == "sqlite":
        return parsed.set(drivername="sqlite")
    return parsed.set(drivername="postgresql+psycopg")


def open_engine(url: URL) -> AsyncEngine:
    """Open a pool for the event loop; a statement may take `BUSY_SECONDS`. To be disposed of.

    Raises `RecordsUnusableError` where PostgreSQL's driver is not installed.
    """
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url.set(drivername="sqlite+aiosqlite"), hide_parameters=True)
        event.listen(engine.sync_engine, "connect", configure)
        return engine
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
        configure(connection, record)

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
    return engine


def configure(connection: Any, _record: Any = None) -> None:
    """Let readers and the one writer not wait for each other, and overwrite what is deleted with zeros.

    https://sqlite.org/wal.html, https://sqlite.org/pragma.html#pragma_secure_delete
    """
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()
