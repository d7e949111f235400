"""Forgetting a person, over SQLAlchemy: one transaction in which all of it goes, or none."""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.schema import Table

from bot.features.privacy.summary import StoredDataSummary
from bot.storage.database import DATABASE_ERRORS, Database
from bot.storage.job_history import begin_transaction
from bot.storage.tables import (
    OPEN_STATES,
    explorations,
    favourites,
    jobs,
    outcomes,
    presets,
    queue_entries,
    source_images,
    thumbnails,
    undelivered_images,
    user_preferences,
)

log = logging.getLogger(__name__)

NO_USER_ID: Final = 0


class SqlUserDataStore:
    """All data of a person in SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def summarise_stored_data(self, user_id: int) -> StoredDataSummary:
        async with begin_transaction(self._database) as records:
            return await _count_user_data(records, user_id)

    async def list_ended_jobs(self, user_id: int) -> Sequence[str]:
        async with begin_transaction(self._database) as records:
            return (await records.execute(select(jobs.c.id).where(_is_ended_job_of(user_id)))).scalars().all()

    async def delete_personal_data(self, user_id: int) -> StoredDataSummary:
        async with begin_transaction(self._database) as records:
            gone = await _count_user_data(records, user_id)
            mine = select(jobs.c.id).where(_is_ended_job_of(user_id))
            lonely = (
                (await records.execute(select(source_images.c.sha256).where(_is_source_image_used_only_by(user_id))))
                .scalars()
                .all()
            )
            await records.execute(update(jobs).where(jobs.c.parent_id.in_(mine)).values(parent_id=None))
            await records.execute(
                update(presets).where(_is_preset_given_to_guild_by(user_id)).values(user_id=NO_USER_ID)
            )
            for table, condition in _build_owned_rows_conditions(user_id).items():
                await records.execute(delete(table).where(condition))
            await records.execute(delete(jobs).where(_is_ended_job_of(user_id)))  # and all rows about them
            await records.execute(delete(source_images).where(source_images.c.sha256.in_(lonely)))
        try:
            await self._database.checkpoint_wal()
        except DATABASE_ERRORS:
            log.warning("what was deleted is still in the database's journal until that is written anew", exc_info=True)
        return gone


async def _count_user_data(connection: AsyncConnection, user: int) -> StoredDataSummary:
    async def count(table: Table, condition: ColumnElement[bool]) -> int:
        return (await connection.execute(select(func.count()).select_from(table).where(condition))).scalar_one()

    mine = select(jobs.c.id).where(_is_ended_job_of(user))
    owned = {
        table.name: await count(table, condition) for table, condition in _build_owned_rows_conditions(user).items()
    }
    about = {table.name: await count(table, table.c.job_id.in_(mine)) for table in _TABLES_BY_JOB}
    prompts = await count(jobs, _is_ended_job_of(user))
    return StoredDataSummary(
        jobs=prompts,
        rows=prompts + about["queue_entries"] + about["outcomes"],
        favourites=owned["favourites"],
        presets=owned["presets"],
        explorations=owned["explorations"],
        thumbnails=about["thumbnails"],
        source_images=await count(source_images, _is_source_image_used_only_by(user)),
        undelivered_images=about["undelivered_images"],
        preferences=owned["user_preferences"],
        open_jobs=await count(jobs, (jobs.c.requester_id == user) & jobs.c.state.in_(OPEN_STATES)),
    )


_TABLES_BY_JOB: Final = (queue_entries, outcomes, thumbnails, undelivered_images)


def _build_owned_rows_conditions(user: int) -> Mapping[Table, ColumnElement[bool]]:
    """Give the rows that are a person's beside their jobs, by their table."""
    cells = jobs.c.id.like(explorations.c.id + "-%") & jobs.c.state.in_(OPEN_STATES)
    return {
        favourites: favourites.c.user_id == user,
        presets: (presets.c.user_id == user) & (presets.c.guild_id == 0),
        explorations: (explorations.c.requester_id == user) & ~exists().where(cells),
        user_preferences: user_preferences.c.user_id == user,
    }


def _is_ended_job_of(user: int) -> ColumnElement[bool]:
    return (jobs.c.requester_id == user) & jobs.c.state.not_in(OPEN_STATES)


def _is_preset_given_to_guild_by(user: int) -> ColumnElement[bool]:
    return (presets.c.user_id == user) & (presets.c.guild_id != 0)


def _is_source_image_used_only_by(user: int) -> ColumnElement[bool]:
    """Tell the pictures that this person's ended jobs alone started from."""
    others = jobs.alias()
    theirs = (others.c.requester_id != user) | others.c.state.in_(OPEN_STATES)
    mine = select(jobs.c.source_sha256).where(_is_ended_job_of(user))
    return source_images.c.sha256.in_(mine) & ~exists().where(
        theirs & (others.c.source_sha256 == source_images.c.sha256)
    )
