"""The preferences of people."""

import json
from typing import Final

from sqlalchemy import BindParameter, bindparam, select

from bot.domain.preferences import Preferences
from bot.storage.saved_options import parse_saved_options
from bot.storage.session import Database, begin_transaction, translate_database_errors
from bot.storage.tables import user_preferences
from bot.storage.upsert import build_upsert

_USER_ID: Final[BindParameter[int]] = bindparam("target_user_id")
_SELECT_PREFERENCES: Final = select(user_preferences).where(user_preferences.c.user_id == _USER_ID)


class SqlPreferencesStore:
    """Stored preferences. Every method raises `RejectedError` (database_unavailable)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_preferences(self, user_id: int) -> Preferences:
        """Load a person's preferences, or the defaults."""
        with translate_database_errors():
            row = await self._database.run_transaction(
                lambda connection: connection.execute(_SELECT_PREFERENCES, {_USER_ID.key: user_id}).one_or_none()
            )
        if row is None:
            return Preferences()
        options = parse_saved_options(f"the preferences of user {user_id}", row.options)
        return Preferences(row.language, row.pings, row.private, options)

    async def save_preferences(self, user_id: int, preferences: Preferences) -> None:
        """Store a person's preferences in place of any before."""
        row = {
            "user_id": user_id,
            "language": preferences.language,
            "pings": preferences.pings,
            "private": preferences.private,
            "options": json.dumps(dict(preferences.options)),
        }
        async with begin_transaction(self._database) as connection:
            await connection.execute(build_upsert(connection, user_preferences, row, conflict_columns=["user_id"]))
