"""Transactions on the bot's database, and its errors as problems that a person can read."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from queue import SimpleQueue
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import URL, Connection, false, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import QueuePool

from bot.change_signal import ChangeSignal
from bot.domain.outages import DatabaseTimeoutError, find_outage, get_reason
from bot.storage.changes import ChangeNotes, read_mark
from bot.storage.engine import open_async_engine, open_sqlite_engine, parse_database_url
from bot.storage.migrate import migrate_database
from bot.storage.tables import jobs
from shared.outage_log import OutageLog
from shared.problems import RejectedError, make_problem

TRANSACTION_TIMEOUT_SECONDS: Final = 10.0
DATABASE_ERRORS: Final = (DBAPIError, PoolTimeoutError, OSError)  # the built-in TimeoutError is an OSError

T = TypeVar("T")

log = logging.getLogger(__name__)


class Database:
    """The bot's database. Every store is given the same one.

    A transaction may take `TRANSACTION_TIMEOUT_SECONDS`; it is committed at its end, or rolled back when it raises.
    `changes` tells of each one that has changed rows. An outage is logged here, once a minute.
    """

    def __init__(self, url: str) -> None:
        """Parse the URL; nothing is connected yet. Raises `DatabaseSetupError`."""
        self.url = parse_database_url(url)
        self._engine = open_async_engine(self.url)
        self._sqlite_thread = _SQLiteThread(self.url) if self.url.get_backend_name() == "sqlite" else None
        self.changes: Final = ChangeSignal()
        self._mark: object = None
        self._outage = OutageLog(log, "the database answers")
        self._notes = ChangeNotes(self._engine.sync_engine)

    async def migrate(self) -> None:
        """Upgrade the schema to this release's. Raises `DatabaseSetupError` and `UnsupportedFormatError`."""
        await asyncio.to_thread(migrate_database, self.url)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction for statements that are awaited one by one. Raises `DATABASE_ERRORS`."""
        async with self._limit_time(), self._begin() as connection:
            yield connection

    async def run_transaction(self, work: Callable[[Connection], T]) -> T:
        """Run `work` as one transaction, without an `await` in between: cheaper, for queries that every job needs.

        Raises `DATABASE_ERRORS`.
        """
        async with self._limit_time():
            if self._sqlite_thread is not None:
                return await self._sqlite_thread.run_transaction(work, self.changes)
            async with self._begin() as connection:
                return await connection.run_sync(work)

    @asynccontextmanager
    async def _limit_time(self) -> AsyncIterator[None]:
        """Limit the time of a transaction, and report whether the database answers."""
        try:
            try:
                async with asyncio.timeout(TRANSACTION_TIMEOUT_SECONDS):
                    yield
            except TimeoutError as error:
                raise DatabaseTimeoutError(f"no answer within {TRANSACTION_TIMEOUT_SECONDS:g} s") from error
        except DATABASE_ERRORS as error:
            outage = find_outage(error)
            if outage is not None:
                self._outage.report_failure(f"the database does not answer: {get_reason(outage)}")
            raise
        self._outage.report_success()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncConnection]:
        """Begin a transaction, and announce its changes once it is committed."""
        async with self._engine.begin() as connection:
            yield connection
            has_changes = await connection.run_sync(self._notes.has_changed)
        if has_changes:
            self.changes.announce()

    async def find_changes(self) -> None:
        """Announce a change if another process may have made one since the last call. Raises `DATABASE_ERRORS`."""
        mark = await self.run_transaction(read_mark)
        if mark != self._mark:
            self._mark = mark
            self.changes.announce()

    async def probe_write(self) -> None:
        """Take the lock that every write needs, without writing. Raises `DATABASE_ERRORS`."""
        statement = update(jobs).where(false()).values(model=jobs.c.model)
        await self.run_transaction(lambda connection: connection.execute(statement))

    async def checkpoint_wal(self, deleted: str) -> None:
        """Move SQLite's write-ahead log into the database file and empty it, so that no deleted row remains in it.

        A failure is logged; `deleted` names the rows that remain then, as in "deleted rows".
        https://sqlite.org/pragma.html#pragma_wal_checkpoint
        """
        if self.url.get_backend_name() != "sqlite":
            return
        try:
            async with asyncio.timeout(TRANSACTION_TIMEOUT_SECONDS), self._engine.connect() as connection:
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except DATABASE_ERRORS:
            log.warning("%s remain in the write-ahead log until the next checkpoint", deleted, exc_info=True)

    def count_connections(self) -> tuple[int, int]:
        """Count the pooled connections that are in use, and the idle ones. SQLite has another one for jobs."""
        pool = self._engine.pool
        return (pool.checkedout(), pool.checkedin()) if isinstance(pool, QueuePool) else (0, 0)

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()
        if self._sqlite_thread is not None:
            await self._sqlite_thread.close()


class _SQLiteThread:
    """Runs whole transactions in a thread of its own, one at a time: SQLite has a single writer anyway.

    aiosqlite changes threads for every step of a cursor, which costs several times as much as the steps themselves. An
    executor of one thread takes half as long again as this queue for what each job needs.
    """

    def __init__(self, url: URL) -> None:
        self._engine = open_sqlite_engine(url)
        self._notes = ChangeNotes(self._engine)
        self._queue: SimpleQueue[_QueuedWork | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run_transaction(self, work: Callable[[Connection], T], changes: ChangeSignal) -> T:
        """Run `work` in a transaction. Once begun, it is completed and announced even if the caller is cancelled.

        One that still waits for its turn is not begun then: the caller has given up, and has perhaps said so.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._run_queue, name="sqlite", daemon=True)
            self._thread.start()
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put(_QueuedWork(work, changes, result))
        return await result

    async def close(self) -> None:
        """Close the file once the transactions that were begun have ended."""
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None
        self._engine.dispose()

    def _run_queue(self) -> None:
        while (queued := self._queue.get()) is not None:
            if queued.result.cancelled():
                continue
            try:
                with self._engine.begin() as connection:
                    value = queued.work(connection)
                    has_changes = self._notes.has_changed(connection)
            except BaseException as error:  # noqa: BLE001 - it belongs to the caller
                queued.end(queued.result.set_exception, error, has_changes=False)
            else:
                queued.end(queued.result.set_result, value, has_changes=has_changes)
                del value
            del queued  # its rows need not stay in memory until the next one


class _QueuedWork(NamedTuple):
    """A transaction that waits for the thread, and the future of its result."""

    work: Callable[[Connection], Any]
    changes: ChangeSignal
    result: asyncio.Future[Any]

    def end(self, set_value: Callable[[Any], None], value: Any, *, has_changes: bool) -> None:
        """Set the result in the event loop, unless the caller was cancelled or the loop was closed meanwhile."""

        def finish() -> None:
            if has_changes:
                self.changes.announce()
            if not self.result.done():
                set_value(value)

        with suppress(RuntimeError):
            self.result.get_loop().call_soon_threadsafe(finish)


@asynccontextmanager
async def begin_transaction(database: Database) -> AsyncIterator[AsyncConnection]:
    """Open a transaction. Raises `RejectedError` (database_unavailable) if the database fails."""
    with translate_database_errors():
        async with database.transaction() as connection:
            yield connection


@contextmanager
def translate_database_errors() -> Iterator[None]:
    """Raise `RejectedError` (database_unavailable) in place of `DATABASE_ERRORS`."""
    try:
        yield
    except DATABASE_ERRORS as error:
        if find_outage(error) is None:
            log.exception("the database failed")
        raise RejectedError(make_problem("database_unavailable")) from error
