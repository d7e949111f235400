"""When the next row of a table is due."""

import math
from collections.abc import Callable

from sqlalchemy import Column, func, select

from bot.storage.session import Database, translate_database_errors


async def compute_rest(database: Database, due_at: Column[float | None], clock: Callable[[], float]) -> float:
    """Compute for how many seconds no row is due by this column; infinity if none ever is.

    Raises `RejectedError` (database_unavailable). `clock` gives Unix seconds.
    """
    query = select(func.min(due_at))
    with translate_database_errors():
        next_due: float | None = await database.run_transaction(lambda connection: connection.execute(query).scalar())
    return math.inf if next_due is None else max(next_due - clock(), 0.0)
