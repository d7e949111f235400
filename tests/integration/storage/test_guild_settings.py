"""The settings of guilds, on SQLite, and on PostgreSQL where a server is installed."""

import pytest
from sqlalchemy import text

from bot.domain.preferences import ButtonPolicy, GuildSettings, ResultPlace
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.session import Database
from shared.problems import RejectedError


@pytest.fixture
def guild_settings(database: Database) -> SqlGuildSettingsStore:
    return SqlGuildSettingsStore(database)


SETTINGS = GuildSettings(ButtonPolicy.AUTHOR, ResultPlace.CHANNEL, "fr", asks_price=True)


async def test_settings_are_stored_for_one_guild(guild_settings: SqlGuildSettingsStore) -> None:
    assert await guild_settings.load_settings(5) == GuildSettings()
    await guild_settings.save_settings(5, SETTINGS)

    assert await guild_settings.load_settings(5) == SETTINGS
    assert await guild_settings.load_settings(6) == GuildSettings()


async def test_settings_can_be_changed_back(guild_settings: SqlGuildSettingsStore) -> None:
    for settings in (SETTINGS, GuildSettings()):
        await guild_settings.save_settings(5, settings)

    assert await guild_settings.load_settings(5) == GuildSettings()


async def test_a_database_that_fails_is_reported_as_a_problem(
    database: Database, guild_settings: SqlGuildSettingsStore
) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("DROP TABLE guild_settings"))

    with pytest.raises(RejectedError):
        await guild_settings.load_settings(5)
    with pytest.raises(RejectedError) as rejected:
        await guild_settings.save_settings(5, SETTINGS)
    assert [problem.code for problem in rejected.value.problems] == ["database_unavailable"]
