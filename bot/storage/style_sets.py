"""Style sets in the database. Names are compared without regard to case."""

import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from bot.domain.owners import Owner
from bot.domain.style_sets import MAX_GUILD_STYLE_SETS, MAX_PERSONAL_STYLE_SETS, MAX_STYLE_PICTURES, StyleSet
from bot.storage.owned_rows import is_named, is_owned_by, is_usable_by
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import style_pictures, style_sets
from bot.storage.upsert import build_insert_unless_exists
from shared.problems import RejectedError, make_problem

_PICTURE_COUNT: Final = (
    select(func.count())
    .where(style_pictures.c.style_set_id == style_sets.c.id)
    .correlate(style_sets)
    .scalar_subquery()
    .label("picture_count")
)
_SELECT_STYLE_SETS: Final = select(style_sets, _PICTURE_COUNT).order_by(style_sets.c.folded_name)


class SqlStyleSetStore:
    """Stored style sets. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def add_pictures(self, owner: Owner, name: str, pictures: Sequence[bytes]) -> StyleSet:
        """Add pictures to the set of this name, which is made if there is none; return the set as it is then.

        All are added or none. Raises `RejectedError` (style_set_full if it would have more than 8 pictures,
        style_sets_full if the owner has no room for another set), too.
        """

        def insert_rows(connection: Connection) -> StyleSet:
            row = {
                "id": secrets.token_hex(8),
                "user_id": owner.user_id,
                "guild_id": owner.guild_id,
                "name": name,
                "folded_name": name.casefold(),
                "created_at": self._clock(),
            }
            is_new = connection.execute(build_insert_unless_exists(connection, style_sets, row)).one_or_none()
            if is_new:
                _check_room(connection, owner)
            select_named = select(style_sets.c.id).where(is_named(style_sets, owner, name)).with_for_update()
            style_set_id = connection.execute(select_named).scalar_one()
            count_pictures = select(func.count()).where(style_pictures.c.style_set_id == style_set_id)
            count: int = connection.execute(count_pictures).scalar_one()
            if count + len(pictures) > MAX_STYLE_PICTURES:
                raise RejectedError(make_problem("style_set_full", name=name, count=count, limit=MAX_STYLE_PICTURES))
            rows = [
                {"style_set_id": style_set_id, "number": number, "picture": picture}
                for number, picture in enumerate(pictures, count + 1)
            ]
            connection.execute(insert(style_pictures), rows)
            return _parse_style_set(connection.execute(_SELECT_STYLE_SETS.where(style_sets.c.id == style_set_id)).one())

        with translate_database_errors():
            return await self._database.run_transaction(insert_rows)

    async def list_style_sets(self, owner: Owner) -> Sequence[StyleSet]:
        """List the person's own and the guild's, by name."""
        return await self._list_style_sets(is_usable_by(style_sets, owner))

    async def list_guild_style_sets(self, guild_id: int) -> Sequence[StyleSet]:
        """List the style sets of a guild, by name."""
        return await self._list_style_sets(style_sets.c.guild_id == guild_id)

    async def load_pictures(self, style_set_id: str) -> Sequence[bytes]:
        """Load the pictures of a set, by number; none if it is unknown."""
        query = select(style_pictures.c.picture).where(style_pictures.c.style_set_id == style_set_id)
        with translate_database_errors():
            pictures: Sequence[bytes] = await self._database.run_transaction(
                lambda connection: connection.execute(query.order_by(style_pictures.c.number)).scalars().all()
            )
        return pictures

    async def delete_style_set(self, owner: Owner, name: str) -> bool:
        """Delete a set with its pictures; False if there is none of this name."""
        query = delete(style_sets).where(is_named(style_sets, owner, name))
        with translate_database_errors():
            return await self._database.run_transaction(lambda connection: bool(connection.execute(query).rowcount))

    async def delete_picture(self, owner: Owner, name: str, number: int) -> bool:
        """Delete one picture of a set, the last one with the set; those after it move up. False if there is none."""

        def delete_row(connection: Connection) -> bool:
            query = select(style_sets.c.id).where(is_named(style_sets, owner, name)).with_for_update()
            style_set_id = connection.execute(query).scalar_one_or_none()
            is_in_set = style_pictures.c.style_set_id == style_set_id
            if not connection.execute(
                delete(style_pictures).where(is_in_set, style_pictures.c.number == number)
            ).rowcount:
                return False
            later = select(style_pictures.c.number).where(is_in_set, style_pictures.c.number > number)
            for position in connection.execute(later.order_by(style_pictures.c.number)).scalars().all():
                is_later = is_in_set & (style_pictures.c.number == position)
                connection.execute(update(style_pictures).where(is_later).values(number=position - 1))
            if not connection.execute(select(style_pictures.c.number).where(is_in_set).limit(1)).one_or_none():
                connection.execute(delete(style_sets).where(style_sets.c.id == style_set_id))
            return True

        with translate_database_errors():
            return await self._database.run_transaction(delete_row)

    async def _list_style_sets(self, condition: ColumnElement[bool]) -> Sequence[StyleSet]:
        query = _SELECT_STYLE_SETS.where(condition)
        with translate_database_errors():
            rows = await self._database.run_transaction(lambda connection: connection.execute(query).all())
        return [_parse_style_set(row) for row in rows]


def _check_room(connection: Connection, owner: Owner) -> None:
    """Raise `RejectedError` (style_sets_full) if an owner has more sets than the limit."""
    limit = MAX_GUILD_STYLE_SETS if owner.guild_id else MAX_PERSONAL_STYLE_SETS
    count: int = connection.execute(
        select(func.count()).select_from(style_sets).where(is_owned_by(style_sets, owner))
    ).scalar_one()
    if count > limit:
        raise RejectedError(make_problem("style_sets_full", limit=limit))


def _parse_style_set(row: Row[Any]) -> StyleSet:
    return StyleSet(row.id, row.name, row.guild_id, row.picture_count)
