"""The settings of servers (guilds in code)."""

from typing import Final

from sqlalchemy import BindParameter, bindparam, select

from bot.domain.preferences import ButtonPolicy
from bot.storage.session import Database, begin_transaction, translate_database_errors
from bot.storage.tables import guild_settings
from bot.storage.upsert import build_upsert

_GUILD_ID: Final[BindParameter[int]] = bindparam("target_guild_id")
_SELECT_BUTTON_POLICY: Final = select(guild_settings.c.button_policy).where(guild_settings.c.guild_id == _GUILD_ID)


class SqlGuildSettingsStore:
    """Stored settings. Every method raises `RejectedError` (database_unavailable)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_button_policy(self, guild_id: int) -> ButtonPolicy:
        """Load who may use the buttons under other people's results; everyone by default."""
        with translate_database_errors():
            policy = await self._database.run_transaction(
                lambda connection: connection.execute(_SELECT_BUTTON_POLICY, {_GUILD_ID.key: guild_id}).scalar()
            )
        return ButtonPolicy.EVERYONE if policy is None else ButtonPolicy(policy)

    async def save_button_policy(self, guild_id: int, policy: ButtonPolicy) -> None:
        """Store who may use the buttons under other people's results."""
        row = {"guild_id": guild_id, "button_policy": policy}
        async with begin_transaction(self._database) as connection:
            await connection.execute(build_upsert(connection, guild_settings, row, conflict_columns=["guild_id"]))
