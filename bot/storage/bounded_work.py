"""Long work on the database in short transactions, so that nobody else waits for long."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Connection, text

from bot.storage.session import Database

TARGET_SECONDS: Final = 0.03
FIRST_LIMIT: Final = 20
MIN_LIMIT: Final = 10
"""However busy the machine is: each transaction costs something of its own."""
MAX_LIMIT: Final = 500

_AVOID_READING_TABLES: Final = text("SET LOCAL enable_seqscan = off")

T = TypeVar("T")


class BoundedWork:
    """Runs transactions of about `TARGET_SECONDS` each, with as long a pause after each one for everybody else.

    `limit` is the number of rows that a transaction may change, which follows from how long the last one took.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.limit = FIRST_LIMIT

    async def run(self, work: Callable[[Connection, int], T]) -> T:
        """Run one transaction, which is given the limit. Raises `DATABASE_ERRORS`.

        PostgreSQL finds its rows by an index. To find some of very many, it would read the table from its beginning:
        the whole table for the last ones.
        """
        seconds = 0.0

        def run_timed(connection: Connection) -> T:
            nonlocal seconds
            if connection.dialect.name == "postgresql":
                connection.execute(_AVOID_READING_TABLES)
            started = time.perf_counter()
            done = work(connection, self.limit)
            seconds = time.perf_counter() - started
            return done

        done = await self._database.run_transaction(run_timed)
        await asyncio.sleep(min(seconds, 1.0))
        factor = min(max(TARGET_SECONDS / max(seconds, 0.001), 0.5), 2.0)
        self.limit = min(max(round(self.limit * factor), MIN_LIMIT), MAX_LIMIT)
        return done

    async def repeat(self, work: Callable[[Connection, int], int]) -> int:
        """Run transactions until one changes nothing, and return how many rows all of them changed."""
        total = 0
        self.limit = min(self.limit, FIRST_LIMIT)
        while changed := await self.run(work):
            total += changed
        return total
