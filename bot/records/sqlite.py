"""SQLite by its own driver: whole transactions in a thread of its own, one at a time, since it has one writer anyway.

SQLAlchemy writes each statement, once. Between statement and driver it costs more than SQLite itself, and so does a
thread that is changed for every step of a cursor.
"""

import asyncio
import contextlib
import sqlite3
import threading
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from queue import SimpleQueue
from typing import Any, Final, NamedTuple, TypeVar, cast

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.sql import Executable

T = TypeVar("T")

STATEMENTS: Final = 128  # that are known at the same time: all that `Database.run` is used with, several times over
_DIALECT: Final = SQLiteDialect_pysqlite()


class SQLiteThread:
    """The file at `path`, opened when it is first needed; `configure` sets up its connection."""

    def __init__(self, path: str, configure: Callable[[sqlite3.Connection], None]) -> None:
        self._path = path
        self._configure = configure
        self._connection: sqlite3.Connection | None = None
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=self._work, name="records", daemon=True).start()

    async def run(self, work: Callable[["Direct"], T]) -> T:
        """Do this work in a transaction. It is ended even when nobody waits for it any more.

        Raises `sqlalchemy.exc.DBAPIError`, and whatever the work does.
        """
        return await self._in_thread(lambda: self._transaction(work))

    async def close(self) -> None:
        """Close the file when what is in hand has ended."""
        await self._in_thread(self._disconnect)
        self._waiting.put(None)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def whole() -> None:
            try:
                told = partial(_settle, future, call())
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                told = partial(_fail, future, error)
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(told)

        self._waiting.put(whole)
        return await future

    def _work(self) -> None:
        while (call := self._waiting.get()) is not None:
            call()

    def _transaction(self, work: Callable[["Direct"], T]) -> T:
        try:
            if self._connection is None:
                self._connection = self._connect()
            with self._connection:  # the driver begins with the first statement that writes
                return work(Direct(self._connection))
        except sqlite3.IntegrityError as error:
            raise IntegrityError(None, None, error) from error
        except sqlite3.Error as error:
            raise DBAPIError(None, None, error) from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path)
        try:
            self._configure(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Direct:
    """Executes statements in a transaction, as `sqlalchemy.Connection` does, but gives values as the driver does."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None, /
    ) -> "Rows":
        """Execute it once, or once for each of several sets of parameters, which have the same names."""
        several = parameters is not None and not isinstance(parameters, Mapping)
        sets = cast("Sequence[Mapping[str, Any]]", parameters if several else (parameters or {},))
        written = _written(statement, tuple(sets[0]) if sets else ())
        values = ([one[name] if name in one else written.own[name] for name in written.names] for one in sets)
        if several:
            return Rows(self._connection.executemany(written.text, values))
        return Rows(self._connection.execute(written.text, next(values)))


class Rows:
    """What a statement gave: as much of `sqlalchemy.CursorResult` as is used."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def all(self) -> list[Any]:
        kind = _row(tuple(name for name, *_ in self._cursor.description))
        return [kind(*values) for values in self._cursor]

    def one_or_none(self) -> Any:
        """Give the one row that there can be, None where there is none."""
        return next(iter(self.all()), None)

    def scalar(self) -> Any:
        """Give the first value of the first row, None where there is none."""
        row = self._cursor.fetchone() or (None,)
        self._cursor.close()  # else the file stays read, and cannot be written in the same transaction
        return row[0]


class _Written(NamedTuple):
    """A statement in SQL: the names of its parameters by place, and the values of those that it sets itself."""

    text: str
    names: tuple[str, ...]
    own: Mapping[str, Any]


@lru_cache(STATEMENTS)
def _written(statement: Any, keys: tuple[str, ...]) -> _Written:
    options = {"render_postcompile": True}
    compiled = statement.compile(dialect=_DIALECT, column_keys=list(keys), compile_kwargs=options)
    asked = {name for name, parameter in compiled.binds.items() if parameter.required}
    own = {name: value for name, value in compiled.params.items() if name not in asked}
    return _Written(str(compiled), tuple(compiled.positiontup or ()), own)


@lru_cache(STATEMENTS)
def _row(names: tuple[str, ...]) -> Callable[..., Any]:
    return namedtuple("Row", names, rename=True)  # noqa: PYI024 - its names are the statement's


def _settle(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
