"""Explorations in the database."""

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
from bot.storage.job_records import parse_job_record, select_job_records
from bot.storage.session import DATABASE_ERRORS, Database, begin_transaction, translate_database_errors
from bot.storage.tables import explorations, jobs
from shared.problems import Problem, RejectedError, make_problem
from shared.unreadable import UnreadableRowLog

_EXPLORATION_ADAPTER: Final = TypeAdapter(Exploration)
_SELECT_OPEN_EXPLORATIONS: Final = (
    select(explorations).where(explorations.c.ended_at.is_(None)).order_by(explorations.c.created_at)
)


class SqlExplorationStore:
    """Stored explorations. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._unreadable_rows = UnreadableRowLog(logging.getLogger(__name__))

    async def add_exploration(self, exploration: Exploration) -> bool:
        """Store an exploration; False if it is stored already."""
        row = {
            "id": exploration.id,
            "exploration_json": _serialize_exploration(exploration),
            "channel_id": exploration.origin.channel_id,
            "message_id": exploration.origin.message_id,
            "requester_id": exploration.requester.id,
            "created_at": exploration.created_at,
        }
        try:
            async with self._database.transaction() as connection:
                await connection.execute(insert(explorations).values(row))
        except IntegrityError:
            return False
        except DATABASE_ERRORS as error:
            raise RejectedError(make_problem("database_unavailable")) from error
        return True

    async def find_exploration(self, exploration_id: str) -> Exploration | None:
        """Find an exploration; None if it is unknown, or another release wrote it differently."""
        query = select(explorations.c.exploration_json).where(explorations.c.id == exploration_id)
        async with begin_transaction(self._database) as connection:
            json = (await connection.execute(query)).scalar()
        return None if json is None else self._parse_exploration(exploration_id, json)

    async def save_rejections(self, exploration_id: str, rejected: Mapping[int, Problem]) -> None:
        """Store why variants were not accepted, by their numbers."""
        exploration = await self.find_exploration(exploration_id)
        if exploration is None:
            return
        json = _serialize_exploration(replace(exploration, rejected=rejected))
        async with begin_transaction(self._database) as connection:
            await connection.execute(
                update(explorations).where(explorations.c.id == exploration_id).values(exploration_json=json)
            )

    async def list_open_explorations(self) -> Sequence[Exploration]:
        """List the explorations that have not ended, oldest first."""
        with translate_database_errors():
            rows = await self._database.run_transaction(
                lambda connection: connection.execute(_SELECT_OPEN_EXPLORATIONS).all()
            )
        return [found for row in rows if (found := self._parse_exploration(row.id, row.exploration_json))]

    async def list_variants(self, exploration: Exploration) -> Sequence[JobRecord]:
        """List the variants that are recorded as jobs, in no particular order."""
        query = select_job_records().where(jobs.c.id.in_(exploration.variant_ids))
        async with begin_transaction(self._database) as connection:
            rows = (await connection.execute(query)).all()
        return [record for row in rows if (record := parse_job_record(row))]

    async def mark_exploration_ended(self, exploration_id: str) -> None:
        """Record that every variant has ended, and that the message shows it."""
        async with begin_transaction(self._database) as connection:
            await connection.execute(
                update(explorations).where(explorations.c.id == exploration_id).values(ended_at=self._clock())
            )

    def _parse_exploration(self, exploration_id: str, json: str) -> Exploration | None:
        try:
            return _EXPLORATION_ADAPTER.validate_json(json)
        except ValueError as error:
            self._unreadable_rows.report(f"exploration {exploration_id}", error)
            return None


def _serialize_exploration(exploration: Exploration) -> str:
    return _EXPLORATION_ADAPTER.dump_json(exploration).decode()
