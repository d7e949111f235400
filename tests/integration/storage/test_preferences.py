"""The preferences of people, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio

import pytest
from sqlalchemy import text

from bot.domain.preferences import Ping, Preferences, ReusePolicy
from bot.storage.preferences import SqlPreferencesStore
from bot.storage.session import Database
from shared.problems import RejectedError


@pytest.fixture
def preferences_store(database: Database) -> SqlPreferencesStore:
    return SqlPreferencesStore(database)


async def test_preferences_are_stored_for_one_person(preferences_store: SqlPreferencesStore) -> None:
    preferences = Preferences("fr", Ping.AT_ONCE, private=True, options={"keep": 40}, reuse_policy=ReusePolicy.NOBODY)

    assert await preferences_store.load_preferences(1) == Preferences()
    await preferences_store.save_preferences(1, preferences)
    await preferences_store.save_preferences(1, preferences)

    assert await preferences_store.load_preferences(1) == preferences
    assert await preferences_store.load_preferences(2) == Preferences()


async def test_of_preferences_saved_at_the_same_time_one_is_stored(preferences_store: SqlPreferencesStore) -> None:
    languages = ["en", "fr"] * 3

    await asyncio.gather(*(preferences_store.save_preferences(1, Preferences(language)) for language in languages))

    assert (await preferences_store.load_preferences(1)).language in languages


async def test_a_database_that_fails_is_reported_as_a_problem(
    database: Database, preferences_store: SqlPreferencesStore
) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("DROP TABLE user_preferences"))

    with pytest.raises(RejectedError):
        await preferences_store.load_preferences(1)
    with pytest.raises(RejectedError) as rejected:
        await preferences_store.save_preferences(1, Preferences())
    assert [problem.code for problem in rejected.value.problems] == ["database_unavailable"]
