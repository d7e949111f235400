"""The preferences of people."""

import json
from typing import Final

from sqlalchemy import BindParameter, bindparam, select

from bot.domain.preferences import Ping, Preferences, ReusePolicy
from bot.storage.saved_options import parse_saved_choice, parse_saved_options
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
        name, defaults = f"the preferences of user {user_id}", Preferences()
        return Preferences(
            row.language,
            parse_saved_choice(name, row.ping, Ping.AFTER_MINUTE if row.pings else Ping.NEVER, unknown=defaults.ping),
            row.private,
            parse_saved_options(name, row.options),
            parse_saved_choice(name, row.reuse_policy, defaults.reuse_policy, unknown=ReusePolicy.NOBODY),
        )

    async def save_preferences(self, user_id: int, preferences: Preferences) -> None:
        """Store a person's preferences in place of any before."""
        row = {
            "user_id": user_id,
            "language": preferences.language,
            "pings": preferences.ping is not Ping.NEVER,  # for the release before
            "ping": preferences.ping,
            "private": preferences.private,
            "options": json.dumps(dict(preferences.options)),
            "reuse_policy": preferences.reuse_policy,
        }
        async with begin_transaction(self._database) as connection:
            await connection.execute(build_upsert(connection, user_preferences, row, conflict_columns=["user_id"]))
