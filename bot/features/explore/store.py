"""Explorations over SQLAlchemy."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.domain.exploration import Exploration
from bot.domain.records import JobRecord
from bot.storage.database import DATABASE_ERRORS, Database
from bot.storage.job_history import begin_transaction, parse_job_record, select_job_records, translate_database_errors
from bot.storage.tables import explorations, jobs
from shared.problems import Problem, RejectedError, make_problem

log = logging.getLogger(__name__)

_EXPLORATION_ADAPTER: Final = TypeAdapter(Exploration)
_SELECT_UNFINISHED: Final = (
    select(explorations).where(explorations.c.ended_at.is_(None)).order_by(explorations.c.created_at)
)


class SqlExplorationStore:
    """Explorations in SQLite or PostgreSQL. `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._unreadable_ids: set[str] = set()

    async def add_exploration(self, exploration: Exploration) -> bool:
        row = {
            "id": exploration.id,
            "exploration_json": _serialize_exploration(exploration),
            "channel_id": exploration.origin.channel_id,
            "message_id": exploration.origin.message_id,
            "requester_id": exploration.requester.id,
            "created_at": exploration.created_at,
        }
        try:
            async with self._database.transaction() as records:
                await records.execute(insert(explorations).values(row))
        except IntegrityError:
            return False
        except DATABASE_ERRORS as error:
            raise RejectedError(make_problem("records_unavailable")) from error
        return True

    async def find_exploration(self, exploration_id: str) -> Exploration | None:
        async with begin_transaction(self._database) as records:
            written = (
                await records.execute(
                    select(explorations.c.exploration_json).where(explorations.c.id == exploration_id)
                )
            ).scalar()
        return None if written is None else self._parse_exploration(exploration_id, written)

    async def save_rejections(self, exploration_id: str, rejected: Mapping[int, Problem]) -> None:
        known = await self.find_exploration(exploration_id)
        if known is not None:
            written = _serialize_exploration(replace(known, rejected=rejected))
            async with begin_transaction(self._database) as records:
                await records.execute(
                    update(explorations).where(explorations.c.id == exploration_id).values(exploration_json=written)
                )

    async def list_open_explorations(self) -> Sequence[Exploration]:
        with translate_database_errors():
            rows = await self._database.run_transaction(lambda records: records.execute(_SELECT_UNFINISHED).all())
        return [grid for row in rows if (grid := self._parse_exploration(row.id, row.exploration_json))]

    async def list_variants(self, exploration: Exploration) -> Sequence[JobRecord]:
        async with begin_transaction(self._database) as records:
            rows = (await records.execute(select_job_records().where(jobs.c.id.in_(exploration.variant_ids)))).all()
        return [past for row in rows if (past := parse_job_record(row))]

    async def mark_exploration_ended(self, exploration_id: str) -> None:
        async with begin_transaction(self._database) as records:
            await records.execute(
                update(explorations).where(explorations.c.id == exploration_id).values(ended_at=self._clock())
            )

    def _parse_exploration(self, grid_id: str, text: str) -> Exploration | None:
        try:
            return _EXPLORATION_ADAPTER.validate_json(text)
        except ValueError:
            if grid_id not in self._unreadable_ids:  # they are looked at every few seconds
                log.exception("exploration %s: its record cannot be read by this release", grid_id)
            self._unreadable_ids.add(grid_id)
            return None


def _serialize_exploration(exploration: Exploration) -> str:
    return _EXPLORATION_ADAPTER.dump_json(exploration).decode()
