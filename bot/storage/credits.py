"""The people whose pictures a picture was made from."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import literal, select

from bot.storage.session import Database, begin_transaction
from bot.storage.tables import jobs

MAX_DEPTH: Final = 500


class SqlCreditStore:
    """Reads the chains of authors from the recorded jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_source_authors(self, job_id: str) -> Sequence[int]:
        """List the users whose pictures a job goes on from, nearest first, each once and without its own author.

        0 stands for everybody who deleted their data. Raises `RejectedError` (database_unavailable).
        """
        columns = jobs.c.parent_id, jobs.c.requester_id, jobs.c.source_owner_id
        path = select(*columns, literal(0).label("depth")).where(jobs.c.id == job_id).cte(recursive=True)
        parents = select(*columns, path.c.depth + 1).where(jobs.c.id == path.c.parent_id, path.c.depth < MAX_DEPTH)
        path = path.union_all(parents)
        async with begin_transaction(self._database) as connection:
            rows = (await connection.execute(select(path).order_by(path.c.depth))).all()
        people = [user_id for row in rows for user_id in (row.requester_id, row.source_owner_id) if user_id is not None]
        return [user_id for user_id in dict.fromkeys(people) if user_id != people[0]]
