"""Explorations over SQLAlchemy."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.adapters.library import opened, past_of, pasts, required
from bot.ports import Grid, Past
from bot.records.database import TROUBLE, Database
from bot.records.models import grids, jobs
from shared.errors import Problem, Refused, problem

log = logging.getLogger(__name__)

_GRID: Final = TypeAdapter(Grid)
_OPEN: Final = select(grids).where(grids.c.ended_at.is_(None)).order_by(grids.c.at)


class Grids:
    """`bot.ports.Exploring` over SQLite or PostgreSQL. `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._unreadable: set[str] = set()

    async def begin(self, grid: Grid) -> bool:
        row = {
            "id": grid.id,
            "grid": _written(grid),
            "channel_id": grid.place.channel,
            "message_id": grid.place.message,
            "requester_id": grid.requester.id,
            "at": grid.at,
        }
        try:
            async with self._database.transaction() as records:
                await records.execute(insert(grids).values(row))
        except IntegrityError:
            return False
        except TROUBLE as error:
            raise Refused(problem("records_unavailable")) from error
        return True

    async def grid(self, grid_id: str) -> Grid | None:
        async with opened(self._database) as records:
            written = (await records.execute(select(grids.c.grid).where(grids.c.id == grid_id))).scalar()
        return None if written is None else self._read(grid_id, written)

    async def refuse(self, grid_id: str, refused: Mapping[int, Problem]) -> None:
        known = await self.grid(grid_id)
        if known is not None:
            written = _written(replace(known, refused=refused))
            async with opened(self._database) as records:
                await records.execute(update(grids).where(grids.c.id == grid_id).values(grid=written))

    async def open_grids(self) -> Sequence[Grid]:
        with required():
            rows = await self._database.run(lambda records: records.execute(_OPEN).all())
        return [grid for row in rows if (grid := self._read(row.id, row.grid))]

    async def cells(self, grid: Grid) -> Sequence[Past]:
        async with opened(self._database) as records:
            rows = (await records.execute(pasts().where(jobs.c.id.in_(grid.cells)))).all()
        return [past for row in rows if (past := past_of(row))]

    async def ended(self, grid_id: str) -> None:
        async with opened(self._database) as records:
            await records.execute(update(grids).where(grids.c.id == grid_id).values(ended_at=self._clock()))

    def _read(self, grid_id: str, written: str) -> Grid | None:
        try:
            return _GRID.validate_json(written)
        except ValueError:
            if grid_id not in self._unreadable:  # they are looked at every few seconds
                log.exception("exploration %s: its record cannot be read by this release", grid_id)
            self._unreadable.add(grid_id)
            return None


def _written(grid: Grid) -> str:
    return _GRID.dump_json(grid).decode()
