"""What people and guilds chose, over SQLAlchemy."""

import json
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.sql.schema import Table

from bot.adapters.library import opened
from bot.ports import Preferences, Pressing
from bot.records.database import Database
from bot.records.models import guilds, people


class People:
    """`bot.ports.Knowing` over SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def preferences(self, user: int) -> Preferences:
        row = await self._row(people, user)
        if row is None:
            return Preferences()
        return Preferences(row.language, row.pings, row.private, json.loads(row.options))

    async def prefer(self, user: int, preferences: Preferences) -> None:
        chosen = {
            "language": preferences.language,
            "pings": preferences.pings,
            "private": preferences.private,
            "options": json.dumps(dict(preferences.options)),
        }
        await self._replace(people, user, chosen)

    async def pressing(self, guild: int) -> Pressing:
        row = await self._row(guilds, guild)
        return Pressing(row.pressing) if row else Pressing.EVERYONE

    async def set_pressing(self, guild: int, pressing: Pressing) -> None:
        await self._replace(guilds, guild, {"pressing": pressing})

    async def _row(self, table: Table, key: int) -> Any:
        (column,) = table.primary_key
        async with opened(self._database) as records:
            return (await records.execute(select(table).where(column == key))).one_or_none()

    async def _replace(self, table: Table, key: int, values: dict[str, Any]) -> None:
        (column,) = table.primary_key
        async with opened(self._database) as records:
            await records.execute(delete(table).where(column == key))
            await records.execute(insert(table).values(values | {column.name: key}))
