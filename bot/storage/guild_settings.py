"""The settings of servers (guilds in code)."""

import logging
from typing import Final

from sqlalchemy import BindParameter, bindparam, select

from bot.domain.preferences import ButtonPolicy
from bot.storage.session import Database, begin_transaction, translate_database_errors
from bot.storage.tables import guild_settings
from bot.storage.upsert import build_upsert
from shared.unreadable import UnreadableRowLog

_GUILD_ID: Final[BindParameter[int]] = bindparam("target_guild_id")
_SELECT_BUTTON_POLICY: Final = select(guild_settings.c.button_policy).where(guild_settings.c.guild_id == _GUILD_ID)


class SqlGuildSettingsStore:
    """Stored settings. Every method raises `RejectedError` (database_unavailable)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unreadable_rows = UnreadableRowLog(logging.getLogger(__name__))

    async def load_button_policy(self, guild_id: int) -> ButtonPolicy:
        """Load who may use the buttons under other people's results; everyone by default.

        A policy that this release does not know is taken for the strictest one.
        """
        with translate_database_errors():
            policy = await self._database.run_transaction(
                lambda connection: connection.execute(_SELECT_BUTTON_POLICY, {_GUILD_ID.key: guild_id}).scalar()
            )
        if policy is None:
            return ButtonPolicy.EVERYONE
        try:
            return ButtonPolicy(policy)
        except ValueError as error:
            self._unreadable_rows.report(f"the button policy of guild {guild_id}", error)
            return ButtonPolicy.AUTHOR

    async def save_button_policy(self, guild_id: int, policy: ButtonPolicy) -> None:
        """Store who may use the buttons under other people's results."""
        row = {"guild_id": guild_id, "button_policy": policy}
        async with begin_transaction(self._database) as connection:
            await connection.execute(build_upsert(connection, guild_settings, row, conflict_columns=["guild_id"]))
