"""Which picture came from which, over SQLAlchemy: a family is found by walking the jobs' parents up and down."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import literal, select

from bot.adapters.library import opened, past_of, pasts
from bot.ports import Past
from bot.records.database import Database
from bot.records.models import jobs

DEPTH: Final = 500


class Families:
    """`bot.ports.Tracing` over SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def family(self, job_id: str, most: int) -> Sequence[Past]:
        up = (
            select(jobs.c.id, jobs.c.parent_id, literal(0).label("depth"))
            .where(jobs.c.id == job_id)
            .cte(recursive=True)
        )
        up = up.union_all(
            select(jobs.c.id, jobs.c.parent_id, up.c.depth + 1).where(jobs.c.id == up.c.parent_id, up.c.depth < DEPTH)
        )
        async with opened(self._database) as records:
            line = (await records.execute(select(up.c.id).order_by(up.c.depth.desc()))).scalars().all()
            if not line:
                return []
            down = select(jobs.c.id, literal(0).label("depth")).where(jobs.c.id == line[0]).cte(recursive=True)
            down = down.union_all(
                select(jobs.c.id, down.c.depth + 1).where(jobs.c.parent_id == down.c.id, down.c.depth < DEPTH)
            )
            wanted = (
                pasts()
                .join(down, down.c.id == jobs.c.id)
                .order_by(jobs.c.id.in_(line).desc(), down.c.depth, jobs.c.accepted_at, jobs.c.id)
                .limit(most)
            )
            rows = (await records.execute(wanted)).all()
        found = [past for row in rows if (past := past_of(row))]
        return sorted(found, key=lambda past: (past.job.accepted_at, past.job.id))
