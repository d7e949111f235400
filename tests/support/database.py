"""The database of a test or of a running stack: statements without the stores, and work with them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from bot.storage.engine import parse_database_url
from bot.storage.session import Database
from demo.stack import Stack

T = TypeVar("T")


def execute_sql(url: str, statement: str, **values: Any) -> Any:
    """Execute a statement; return its rows, if it has any."""
    engine = create_engine(parse_database_url(url), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else None
    finally:
        engine.dispose()


def use_database(stack: Stack, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do something with the database of a running stack."""

    async def run() -> T:
        database = Database(stack.environment["DATABASE_URL"])
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())
