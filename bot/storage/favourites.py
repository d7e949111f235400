"""The results that people marked as favourites, over SQLAlchemy."""

import time
from collections.abc import Callable

from sqlalchemy import delete, insert, select

from bot.storage.database import Database
from bot.storage.job_history import begin_transaction
from bot.storage.tables import favourites, jobs
from shared.problems import RejectedError, make_problem


class SqlFavouriteStore:
    """Favourites in SQLite or PostgreSQL. `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def toggle_favourite(self, user_id: int, job_id: str) -> bool:
        known = select(jobs.c.id).where(jobs.c.id == job_id).with_for_update()  # two clicks at once take turns
        mark = (favourites.c.user_id == user_id) & (favourites.c.job_id == job_id)
        async with begin_transaction(self._database) as records:
            if (await records.execute(known)).one_or_none() is None:
                raise RejectedError(make_problem("not_recorded"))
            if (await records.execute(delete(favourites).where(mark))).rowcount:
                return False
            await records.execute(insert(favourites).values(user_id=user_id, job_id=job_id, created_at=self._clock()))
        return True
