"""When the next row of a table is due."""

import math

from sqlalchemy import Column, func, select

from bot.storage.session import Database


async def compute_rest(database: Database, due_at: Column[float | None], now: float) -> float:
    """Compute for how many seconds no row is due by this column; infinity if none ever is.

    Raises `DATABASE_ERRORS`.
    """
    query = select(func.min(due_at))
    next_due: float | None = await database.run_transaction(lambda connection: connection.execute(query).scalar())
    return math.inf if next_due is None else max(next_due - now, 0.0)
