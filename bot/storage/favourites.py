"""Results that people marked as favourites."""

import time
from collections.abc import Callable

from sqlalchemy import delete, insert, select

from bot.storage.gallery_rows import add_popular_result, build_changed_favourites_note
from bot.storage.session import Database, begin_transaction
from bot.storage.tables import favourites, gallery_posts, jobs
from shared.problems import RejectedError, make_problem


class SqlFavouriteStore:
    """Stored favourites. `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def is_favourite(self, user_id: int, job_id: str) -> bool:
        """Tell whether a result is a favourite. Raises `RejectedError` (database_unavailable)."""
        is_mark = (favourites.c.user_id == user_id) & (favourites.c.job_id == job_id)
        async with begin_transaction(self._database) as connection:
            return (await connection.execute(select(favourites.c.job_id).where(is_mark))).one_or_none() is not None

    async def toggle_favourite(self, user_id: int, job_id: str) -> bool:
        """Mark a result as a favourite, or unmark it; return whether it is one now.

        The gallery counts it, and a result that enough people have marked enters the gallery.
        Raises `RejectedError`: result_not_recorded for an unknown job, database_unavailable.
        """
        lock_job = select(jobs.c.id).where(jobs.c.id == job_id).with_for_update()  # serialises simultaneous clicks
        is_mark = (favourites.c.user_id == user_id) & (favourites.c.job_id == job_id)
        async with begin_transaction(self._database) as connection:
            if (await connection.execute(lock_job)).one_or_none() is None:
                raise RejectedError(make_problem("result_not_recorded"))
            now = self._clock()
            await connection.execute(build_changed_favourites_note(gallery_posts.c.job_id == job_id, now))
            if (await connection.execute(delete(favourites).where(is_mark))).rowcount:
                return False
            await connection.execute(insert(favourites).values(user_id=user_id, job_id=job_id, created_at=now))
            await add_popular_result(connection, job_id, now)
        return True
