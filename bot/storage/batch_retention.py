"""Deleting pictures of batches after a while, and everything about people who delete their data."""

import json
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, case, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.batches import FINAL_STATES, RUN_STATES, ItemState
from bot.domain.records import NO_USER_ID
from bot.storage.session import Database
from bot.storage.tables import batch_images, batch_items, batch_results, batches, guild_settings

SECONDS_PER_DAY: Final = 86400.0
PICTURES_PER_TRANSACTION: Final = 20


def select_expired_batches(days: float, now: float) -> Select[Any]:
    """Select the ids of batches that ended so many days ago, or as many as their guild keeps any picture."""
    kept_days = case((guild_settings.c.retention_days < days, guild_settings.c.retention_days), else_=days)
    is_expired = batches.c.ended_at < now - kept_days * SECONDS_PER_DAY
    return (
        select(batches.c.id)
        .outerjoin(guild_settings, guild_settings.c.guild_id == batches.c.guild_id)
        .where(batches.c.state.in_(FINAL_STATES), is_expired)
    )


async def delete_pictures(database: Database, batch_ids: Select[Any]) -> int:
    """Delete the pictures of batches, a few in each transaction, as SQLite overwrites them; return their number.

    The batches stay, with their items. Raises `DATABASE_ERRORS`.
    """

    def delete_some(connection: Connection) -> int:
        deleted = 0
        for table in (batch_images, batch_results):
            key = tuple(table.primary_key.columns)
            some = select(*key).where(table.c.batch_id.in_(batch_ids)).limit(PICTURES_PER_TRANSACTION)
            deleted += connection.execute(delete(table).where(tuple_(*key).in_(some))).rowcount
        return deleted

    total = 0
    while deleted := await database.run_transaction(delete_some):
        total += deleted
    return total


async def count_batches(connection: AsyncConnection, user_id: int) -> int:
    """Count the batches of a person that `forget_batches` deletes."""
    query = select(func.count()).select_from(batches).where(_is_deletable(user_id))
    return (await connection.execute(query)).scalar_one()


async def count_pending_items(connection: AsyncConnection, user_id: int) -> int:
    """Count the items of a person's batches that are still to be started."""
    is_pending = batch_items.c.state == ItemState.PENDING
    query = (
        select(func.count())
        .select_from(batch_items.join(batches, batches.c.id == batch_items.c.batch_id))
        .where(batches.c.requester_id == user_id, batches.c.state.in_(RUN_STATES), is_pending)
    )
    return (await connection.execute(query)).scalar_one()


async def forget_batches(connection: AsyncConnection, user_id: int) -> None:
    """Delete the batches of a person with all that is in them, but for those that still run; others lose their name."""
    await connection.execute(delete(batches).where(_is_deletable(user_id)))
    is_reviewer = batch_items.c.reviewer_id == user_id
    await connection.execute(update(batch_items).where(is_reviewer).values(reviewer_id=NO_USER_ID))
    is_approver = batches.c.approver_id == user_id
    await connection.execute(update(batches).where(is_approver).values(approver_id=NO_USER_ID))
    assigned = or_(*(batches.c.brief_json.contains(f'"assignee_id":{user_id}{end}') for end in ",}"))
    for row in (await connection.execute(select(batches.c.id, batches.c.brief_json).where(assigned))).all():
        brief: dict[str, Any] = json.loads(row.brief_json) | {"assignee_id": None}
        changes = {"brief_json": json.dumps(brief), "version": batches.c.version + 1}
        await connection.execute(update(batches).where(batches.c.id == row.id).values(changes))


def _is_deletable(user_id: int) -> ColumnElement[bool]:
    return (batches.c.requester_id == user_id) & batches.c.state.not_in(RUN_STATES)
