"""Deleting pictures of batches after a while, and everything about people who delete their data."""

import json
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, case, delete, func, or_, select, tuple_, update

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


def count_pending_items(connection: Connection, user_id: int) -> int:
    """Count the items of a person's batches that are still to be started."""
    is_pending = batch_items.c.state == ItemState.PENDING
    query = (
        select(func.count())
        .select_from(batch_items.join(batches, batches.c.id == batch_items.c.batch_id))
        .where(batches.c.requester_id == user_id, batches.c.state.in_(RUN_STATES), is_pending)
    )
    return connection.execute(query).scalar_one()


def select_deletable_batches(user_id: int) -> Select[Any]:
    """Select the ids of the batches of a person, but for those that still run."""
    return select(batches.c.id).where(is_deletable_batch(user_id))


def delete_batch(connection: Connection, user_id: int) -> int:
    """Delete one of the batches of a person with all that is in it, but for those that still run; return 0 or 1."""
    batch_id = connection.execute(select_deletable_batches(user_id).limit(1)).scalar()
    return connection.execute(delete(batches).where(batches.c.id == batch_id)).rowcount


def forget_reviewer(connection: Connection, user_id: int, limit: int) -> int:
    """Take a person out of reviews of items; return how many."""
    key = (batch_items.c.batch_id, batch_items.c.number)
    some = select(*key).where(batch_items.c.reviewer_id == user_id).limit(limit)
    return connection.execute(update(batch_items).where(tuple_(*key).in_(some)).values(reviewer_id=NO_USER_ID)).rowcount


def forget_approver(connection: Connection, user_id: int) -> None:
    """Take a person out of the decisions on batches, and out of the briefs that name them."""
    is_approver = batches.c.approver_id == user_id
    connection.execute(update(batches).where(is_approver).values(approver_id=NO_USER_ID))
    assigned = or_(*(batches.c.brief_json.contains(f'"assignee_id":{user_id}{end}') for end in ",}"))
    for row in connection.execute(select(batches.c.id, batches.c.brief_json).where(assigned)).all():
        brief: dict[str, Any] = json.loads(row.brief_json) | {"assignee_id": None}
        changes = {"brief_json": json.dumps(brief), "version": batches.c.version + 1}
        connection.execute(update(batches).where(batches.c.id == row.id).values(changes))


def is_deletable_batch(user_id: int) -> ColumnElement[bool]:
    """Match the batches of a person, but for those that still run."""
    return (batches.c.requester_id == user_id) & batches.c.state.not_in(RUN_STATES)
