"""What people and guilds chose, over SQLAlchemy."""

import json
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.sql.schema import Table

from bot.adapters.library import opened, required
from bot.ports import Preferences, Pressing
from bot.records.database import Database, upsert
from bot.records.models import guilds, people

_WHICH: Final[BindParameter[int]] = bindparam("which")
_CHOSEN: Final = {table.name: select(table).where(table.primary_key.columns[0] == _WHICH) for table in (people, guilds)}


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
        chosen = _CHOSEN[table.name]
        with required():
            return await self._database.run(lambda records: records.execute(chosen, {"which": key}).one_or_none())

    async def _replace(self, table: Table, key: int, values: dict[str, Any]) -> None:
        (column,) = table.primary_key
        async with opened(self._database) as records:
            row = values | {column.name: key}
            await records.execute(upsert(records, table, row, same=[column.name]))
