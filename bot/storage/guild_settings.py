"""The settings of servers (guilds in code)."""

from typing import Final

from sqlalchemy import BindParameter, bindparam, select

from bot.domain.preferences import ButtonPolicy, GuildSettings
from bot.storage.saved_options import parse_saved_choice
from bot.storage.session import Database, begin_transaction, translate_database_errors
from bot.storage.tables import guild_settings
from bot.storage.upsert import build_upsert

_GUILD_ID: Final[BindParameter[int]] = bindparam("target_guild_id")
_SELECT_SETTINGS: Final = select(guild_settings).where(guild_settings.c.guild_id == _GUILD_ID)


class SqlGuildSettingsStore:
    """Stored settings. Every method raises `RejectedError` (database_unavailable)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_settings(self, guild_id: int) -> GuildSettings:
        """Load the settings of a server, or the defaults.

        A button policy that this release does not know is taken for the strictest one.
        """
        with translate_database_errors():
            row = await self._database.run_transaction(
                lambda connection: connection.execute(_SELECT_SETTINGS, {_GUILD_ID.key: guild_id}).one_or_none()
            )
        if row is None:
            return GuildSettings()
        name, defaults = f"the settings of guild {guild_id}", GuildSettings()
        return GuildSettings(
            parse_saved_choice(name, row.button_policy, defaults.button_policy, unknown=ButtonPolicy.AUTHOR),
            parse_saved_choice(name, row.result_place, defaults.result_place, unknown=defaults.result_place),
            row.language,
            asks_price=bool(row.ask_price),
        )

    async def save_settings(self, guild_id: int, settings: GuildSettings) -> None:
        """Store the settings of a server in place of any before."""
        row = {
            "guild_id": guild_id,
            "button_policy": settings.button_policy,
            "result_place": settings.result_place,
            "language": settings.language,
            "ask_price": settings.asks_price,
        }
        async with begin_transaction(self._database) as connection:
            await connection.execute(build_upsert(connection, guild_settings, row, conflict_columns=["guild_id"]))
