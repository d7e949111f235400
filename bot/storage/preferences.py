"""What people and guilds chose, over SQLAlchemy."""

import json
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.sql.schema import Table

from bot.domain.preferences import ButtonPolicy, Preferences
from bot.storage.database import Database, build_upsert
from bot.storage.job_history import begin_transaction, translate_database_errors
from bot.storage.tables import guild_settings, user_preferences

_OWNER_ID: Final[BindParameter[int]] = bindparam("which")
_SELECT_BY_TABLE: Final = {
    table.name: select(table).where(table.primary_key.columns[0] == _OWNER_ID)
    for table in (user_preferences, guild_settings)
}


class SqlPreferencesStore:
    """The choices of people and servers in SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_preferences(self, user_id: int) -> Preferences:
        row = await self._load_row(user_preferences, user_id)
        if row is None:
            return Preferences()
        return Preferences(row.language, row.pings, row.private, json.loads(row.options))

    async def save_preferences(self, user_id: int, preferences: Preferences) -> None:
        chosen = {
            "language": preferences.language,
            "pings": preferences.pings,
            "private": preferences.private,
            "options": json.dumps(dict(preferences.options)),
        }
        await self._save_row(user_preferences, user_id, chosen)

    async def load_button_policy(self, guild_id: int) -> ButtonPolicy:
        row = await self._load_row(guild_settings, guild_id)
        return ButtonPolicy(row.button_policy) if row else ButtonPolicy.EVERYONE

    async def save_button_policy(self, guild_id: int, policy: ButtonPolicy) -> None:
        await self._save_row(guild_settings, guild_id, {"button_policy": policy})

    async def _load_row(self, table: Table, key: int) -> Any:
        chosen = _SELECT_BY_TABLE[table.name]
        with translate_database_errors():
            return await self._database.run_transaction(
                lambda records: records.execute(chosen, {"which": key}).one_or_none()
            )

    async def _save_row(self, table: Table, key: int, values: dict[str, Any]) -> None:
        (column,) = table.primary_key
        async with begin_transaction(self._database) as records:
            row = values | {column.name: key}
            await records.execute(build_upsert(records, table, row, conflict_columns=[column.name]))
