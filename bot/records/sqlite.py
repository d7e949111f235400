"""SQLite for the event loop: one transaction at a time, in a thread of its own.

SQLite has one writer anyway. A driver that changes threads for each step of a cursor costs more than the statements.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Engine, Executable

T = TypeVar("T")


class SQLiteTransaction:
    """A transaction in hand. It opens with its first statement."""

    def __init__(self, engine: Engine, thread: ThreadPoolExecutor) -> None:
        self._engine = engine
        self._thread = thread
        self._connection: Connection | None = None

    async def execute(self, statement: Executable) -> CursorResult[Any]:
        """Execute it; all rows of the answer are read."""
        return await self._in_thread(lambda: self._execute(statement))

    async def end(self, *, commit: bool) -> None:
        """Commit or roll back. It is done even when nobody waits for it any more."""
        await asyncio.shield(self._in_thread(lambda: self._end(commit=commit)))

    def _in_thread(self, work: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _execute(self, statement: Executable) -> CursorResult[Any]:
        if self._connection is None:
            self._connection = self._engine.connect()
        result = self._connection.execute(statement)
        return cast("CursorResult[Any]", result.freeze()()) if result.returns_rows else result

    def _end(self, *, commit: bool) -> None:
        if self._connection is not None:
            with self._connection as connection:
                if commit:
                    connection.commit()


class SQLiteEngine:
    """As much of `sqlalchemy.ext.asyncio.AsyncEngine` as the records use."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, "records")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SQLiteTransaction]:
        """Begin a transaction when it is its turn; it is committed at the end, or rolled back by what is raised."""
        async with self._turn:
            transaction = SQLiteTransaction(self._engine, self._thread)
            try:
                yield transaction
            except BaseException:
                await transaction.end(commit=False)
                raise
            await transaction.end(commit=True)

    async def dispose(self) -> None:
        """Close the file once what is in hand has ended."""
        async with self._turn:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
            self._thread.shutdown(wait=False)
