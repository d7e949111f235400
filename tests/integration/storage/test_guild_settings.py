"""The settings of guilds, on SQLite, and on PostgreSQL where a server is installed."""

from dataclasses import fields, replace
from itertools import pairwise

import pytest
from sqlalchemy import text

from bot.domain.guild_settings import ButtonPolicy, GuildSettings, QueueState, ResultPlace, WordPolicy
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.session import Database
from shared.problems import RejectedError


@pytest.fixture
def guild_settings(database: Database) -> SqlGuildSettingsStore:
    return SqlGuildSettingsStore(database)


SETTINGS = GuildSettings(
    ButtonPolicy.AUTHOR,
    ResultPlace.CHANNEL,
    "fr",
    asks_price=True,
    queue_state=QueueState.PAUSED,
    allowed_channel_ids=frozenset({2**63 - 1, 7}),
    allowed_role_ids=frozenset({8}),
    models=frozenset({"sd3.5-large", "stable-image-core"}),
    tasks=frozenset({"generate"}),
    max_price=80_000,
    allows_private_results=False,
    word_policy=WordPolicy.AGE_RESTRICTED,
    default_preset="abcdef123456",
    time_zone="Europe/Paris",
    log_channel_id=2**63 - 1,
    notice_channel_id=12,
    mirrors_audit_log=True,
    retention_days=7,
)


async def test_settings_are_stored_for_one_guild(guild_settings: SqlGuildSettingsStore) -> None:
    assert await guild_settings.load_settings(5) == GuildSettings()
    await guild_settings.save_changes(5, GuildSettings(), SETTINGS)

    assert await guild_settings.load_settings(5) == SETTINGS
    assert await guild_settings.load_settings(6) == GuildSettings()


@pytest.mark.parametrize("name", [field.name for field in fields(GuildSettings)])
async def test_each_setting_can_be_changed_back(guild_settings: SqlGuildSettingsStore, name: str) -> None:
    changed = replace(GuildSettings(), **{name: getattr(SETTINGS, name)})
    for old, new in pairwise((GuildSettings(), changed, GuildSettings())):
        await guild_settings.save_changes(5, old, new)
        assert await guild_settings.load_settings(5) == new


async def test_the_servers_whose_queues_are_paused_are_listed(guild_settings: SqlGuildSettingsStore) -> None:
    for guild_id, state in enumerate((*QueueState, QueueState.PAUSED)):
        await guild_settings.save_changes(guild_id, GuildSettings(language="fr"), GuildSettings(queue_state=state))

    assert sorted(await guild_settings.list_paused_guilds()) == [1, 3]


async def test_two_managers_change_different_settings_at_once(guild_settings: SqlGuildSettingsStore) -> None:
    seen_by_both = GuildSettings()
    await guild_settings.save_changes(5, seen_by_both, replace(seen_by_both, language="fr"))
    await guild_settings.save_changes(5, seen_by_both, replace(seen_by_both, max_price=1))

    assert await guild_settings.load_settings(5) == GuildSettings(language="fr", max_price=1)


async def test_a_database_that_fails_is_reported_as_a_problem(
    database: Database, guild_settings: SqlGuildSettingsStore
) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("DROP TABLE guild_settings"))

    with pytest.raises(RejectedError):
        await guild_settings.load_settings(5)
    with pytest.raises(RejectedError) as rejected:
        await guild_settings.save_changes(5, GuildSettings(), SETTINGS)
    assert [problem.code for problem in rejected.value.problems] == ["database_unavailable"]
