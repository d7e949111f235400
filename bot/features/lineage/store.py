"""The lineage of a job, found by following `parent_id` up to the original and down to all that came of it."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import literal, select

from bot.domain.records import JobRecord
from bot.storage.job_records import parse_job_record, select_job_records
from bot.storage.session import Database, begin_transaction
from bot.storage.tables import jobs

MAX_DEPTH: Final = 500
READ_FOR_EACH: Final = 10
"""So many descendants are read for each that may be returned: somebody's picture may have thousands."""


class SqlLineageStore:
    """Reads lineages from the recorded jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_lineage(self, job_id: str, limit: int) -> Sequence[JobRecord]:
        """Load the job, its ancestors and all of their descendants, oldest first; nothing for an unknown job.

        Of more than `limit`, the ancestors of this job come first, then those nearest to the original. Raises
        `RejectedError` (database_unavailable).
        """
        ancestors = (
            select(jobs.c.id, jobs.c.parent_id, literal(0).label("depth"))
            .where(jobs.c.id == job_id)
            .cte(recursive=True)
        )
        ancestors = ancestors.union_all(
            select(jobs.c.id, jobs.c.parent_id, ancestors.c.depth + 1).where(
                jobs.c.id == ancestors.c.parent_id, ancestors.c.depth < MAX_DEPTH
            )
        )
        async with begin_transaction(self._database) as connection:
            path = (await connection.execute(select(ancestors.c.id).order_by(ancestors.c.depth.desc()))).scalars().all()
            if not path:
                return []
            descendants = select(jobs.c.id, literal(0).label("depth")).where(jobs.c.id == path[0]).cte(recursive=True)
            descendants = descendants.union_all(
                select(jobs.c.id, descendants.c.depth + 1).where(
                    jobs.c.parent_id == descendants.c.id, descendants.c.depth < MAX_DEPTH
                )
            )
            some = select(descendants.c.id, descendants.c.depth).limit(limit * READ_FOR_EACH).subquery()
            nearest = (
                select(jobs.c.id)
                .join(some, some.c.id == jobs.c.id)
                .where(jobs.c.id.not_in(path))
                .order_by(some.c.depth, jobs.c.accepted_at, jobs.c.id)
                .limit(max(limit - len(path), 0))
            )
            job_ids = [*path[:limit], *(await connection.execute(nearest)).scalars()]
            query = select_job_records().where(jobs.c.id.in_(job_ids))
            rows = (await connection.execute(query)).all()
        records = [record for row in rows if (record := parse_job_record(row))]
        return sorted(records, key=lambda record: (record.job.accepted_at, record.job.id))
