"""Forgetting a person, over SQLAlchemy: one transaction in which all of it goes, or none."""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.schema import Table

from bot.adapters.library import opened
from bot.ports import Belongings
from bot.records.database import TROUBLE, Database
from bot.records.models import (
    OPEN,
    attempts,
    favourites,
    grids,
    jobs,
    outcomes,
    people,
    presets,
    results,
    sources,
    thumbnails,
)

log = logging.getLogger(__name__)

NOBODY: Final = 0


class Forgetting:
    """`bot.ports.Forgetting` over SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def belongings(self, user: int) -> Belongings:
        async with opened(self._database) as records:
            return await _counted(records, user)

    async def ended(self, user: int) -> Sequence[str]:
        async with opened(self._database) as records:
            return (await records.execute(select(jobs.c.id).where(_ended(user)))).scalars().all()

    async def forget(self, user: int) -> Belongings:
        async with opened(self._database) as records:
            gone = await _counted(records, user)
            mine = select(jobs.c.id).where(_ended(user))
            lonely = (await records.execute(select(sources.c.sha256).where(_lonely(user)))).scalars().all()
            await records.execute(update(jobs).where(jobs.c.parent_id.in_(mine)).values(parent_id=None))
            await records.execute(update(presets).where(_given(user)).values(user_id=NOBODY))
            for table, condition in _owned(user).items():
                await records.execute(delete(table).where(condition))
            await records.execute(delete(jobs).where(_ended(user)))  # and all rows about them
            await records.execute(delete(sources).where(sources.c.sha256.in_(lonely)))
        try:
            await self._database.wipe()
        except TROUBLE:
            log.warning("what was deleted is still in the database's journal until that is written anew", exc_info=True)
        return gone


async def _counted(records: AsyncConnection, user: int) -> Belongings:
    async def count(table: Table, condition: ColumnElement[bool]) -> int:
        return (await records.execute(select(func.count()).select_from(table).where(condition))).scalar_one()

    mine = select(jobs.c.id).where(_ended(user))
    owned = {table.name: await count(table, condition) for table, condition in _owned(user).items()}
    about = {table.name: await count(table, table.c.job_id.in_(mine)) for table in _ABOUT}
    prompts = await count(jobs, _ended(user))
    return Belongings(
        prompts=prompts,
        records=prompts + about["attempts"] + about["outcomes"],
        favourites=owned["favourites"],
        presets=owned["presets"],
        explorations=owned["grids"],
        thumbnails=about["thumbnails"],
        sources=await count(sources, _lonely(user)),
        kept=about["results"],
        preferences=owned["people"],
        open_jobs=await count(jobs, (jobs.c.requester_id == user) & jobs.c.state.in_(OPEN)),
    )


_ABOUT: Final = (attempts, outcomes, thumbnails, results)


def _owned(user: int) -> Mapping[Table, ColumnElement[bool]]:
    """Give the rows that are a person's beside their jobs, by their table."""
    cells = jobs.c.id.like(grids.c.id + "-%") & jobs.c.state.in_(OPEN)
    return {
        favourites: favourites.c.user_id == user,
        presets: (presets.c.user_id == user) & (presets.c.guild_id == 0),
        grids: (grids.c.requester_id == user) & ~exists().where(cells),
        people: people.c.user_id == user,
    }


def _ended(user: int) -> ColumnElement[bool]:
    return (jobs.c.requester_id == user) & jobs.c.state.not_in(OPEN)


def _given(user: int) -> ColumnElement[bool]:
    return (presets.c.user_id == user) & (presets.c.guild_id != 0)


def _lonely(user: int) -> ColumnElement[bool]:
    """Tell the pictures that this person's ended jobs alone started from."""
    others = jobs.alias()
    theirs = (others.c.requester_id != user) | others.c.state.in_(OPEN)
    mine = select(jobs.c.source_sha256).where(_ended(user))
    return sources.c.sha256.in_(mine) & ~exists().where(theirs & (others.c.source_sha256 == sources.c.sha256))
