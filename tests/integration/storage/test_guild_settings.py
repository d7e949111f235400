"""The settings of guilds, on SQLite, and on PostgreSQL where a server is installed."""

import pytest
from sqlalchemy import text

from bot.domain.preferences import ButtonPolicy
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.session import Database
from shared.problems import RejectedError


@pytest.fixture
def guild_settings(database: Database) -> SqlGuildSettingsStore:
    return SqlGuildSettingsStore(database)


async def test_the_button_policy_is_stored_for_one_guild(guild_settings: SqlGuildSettingsStore) -> None:
    assert await guild_settings.load_button_policy(5) is ButtonPolicy.EVERYONE
    await guild_settings.save_button_policy(5, ButtonPolicy.AUTHOR)

    assert await guild_settings.load_button_policy(5) is ButtonPolicy.AUTHOR
    assert await guild_settings.load_button_policy(6) is ButtonPolicy.EVERYONE


async def test_the_button_policy_can_be_changed_back(guild_settings: SqlGuildSettingsStore) -> None:
    for policy in (ButtonPolicy.AUTHOR, ButtonPolicy.EVERYONE):
        await guild_settings.save_button_policy(5, policy)

    assert await guild_settings.load_button_policy(5) is ButtonPolicy.EVERYONE


async def test_a_database_that_fails_is_reported_as_a_problem(
    database: Database, guild_settings: SqlGuildSettingsStore
) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("DROP TABLE guild_settings"))

    with pytest.raises(RejectedError):
        await guild_settings.load_button_policy(5)
    with pytest.raises(RejectedError) as rejected:
        await guild_settings.save_button_policy(5, ButtonPolicy.AUTHOR)
    assert [problem.code for problem in rejected.value.problems] == ["database_unavailable"]
