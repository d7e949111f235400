"""Which picture came from which, over SQLAlchemy: a family is found by walking the jobs' parents up and down."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import literal, select

from bot.domain.records import JobRecord
from bot.storage.database import Database
from bot.storage.job_history import begin_transaction, parse_job_record, select_job_records
from bot.storage.tables import jobs

MAX_DEPTH: Final = 500


class SqlLineageStore:
    """The ancestors and descendants of jobs in SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_lineage(self, job_id: str, limit: int) -> Sequence[JobRecord]:
        up = (
            select(jobs.c.id, jobs.c.parent_id, literal(0).label("depth"))
            .where(jobs.c.id == job_id)
            .cte(recursive=True)
        )
        up = up.union_all(
            select(jobs.c.id, jobs.c.parent_id, up.c.depth + 1).where(
                jobs.c.id == up.c.parent_id, up.c.depth < MAX_DEPTH
            )
        )
        async with begin_transaction(self._database) as records:
            line = (await records.execute(select(up.c.id).order_by(up.c.depth.desc()))).scalars().all()
            if not line:
                return []
            down = select(jobs.c.id, literal(0).label("depth")).where(jobs.c.id == line[0]).cte(recursive=True)
            down = down.union_all(
                select(jobs.c.id, down.c.depth + 1).where(jobs.c.parent_id == down.c.id, down.c.depth < MAX_DEPTH)
            )
            wanted = (
                select_job_records()
                .join(down, down.c.id == jobs.c.id)
                .order_by(jobs.c.id.in_(line).desc(), down.c.depth, jobs.c.accepted_at, jobs.c.id)
                .limit(limit)
            )
            rows = (await records.execute(wanted)).all()
        found = [past for row in rows if (past := parse_job_record(row))]
        return sorted(found, key=lambda past: (past.job.accepted_at, past.job.id))
