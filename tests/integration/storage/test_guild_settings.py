"""The settings of guilds, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from bot.domain.audit import AuditAction
from bot.domain.guild_settings import (
    SETTING_NAMES,
    ButtonPolicy,
    GuildQueueState,
    GuildSettings,
    ResultPlace,
    WordPolicy,
)
from bot.storage.audit_log import SqlAuditLog
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.session import Database
from shared.problems import RejectedError
from tests.support.builders import ADA_ID, BEN_ID

GUILD = 5


@pytest.fixture
def guild_settings(database: Database) -> SqlGuildSettingsStore:
    return SqlGuildSettingsStore(database)


SETTINGS = GuildSettings(
    ButtonPolicy.AUTHOR,
    ResultPlace.CHANNEL,
    "fr",
    asks_price=True,
    queue_state=GuildQueueState.PAUSED,
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
    assert await guild_settings.load_settings(GUILD) == GuildSettings()
    await guild_settings.change_settings(GUILD, ADA_ID, GuildSettings(), SETTINGS)

    assert await guild_settings.load_settings(GUILD) == SETTINGS
    assert await guild_settings.load_settings(6) == GuildSettings()


@pytest.mark.parametrize("name", SETTING_NAMES)
async def test_each_change_is_in_the_audit_log_and_can_be_undone_and_redone(
    database: Database, guild_settings: SqlGuildSettingsStore, name: str
) -> None:
    value, default = getattr(SETTINGS, name), getattr(GuildSettings(), name)
    changed = replace(GuildSettings(), **{name: value})

    (change,) = await guild_settings.change_settings(GUILD, ADA_ID, GuildSettings(), changed)
    assert await guild_settings.load_settings(GUILD) == changed
    undone = await guild_settings.undo_change(GUILD, BEN_ID, change.entry_id)
    assert await guild_settings.load_settings(GUILD) == GuildSettings()
    redone = await guild_settings.undo_change(GUILD, ADA_ID, undone.entry_id)
    assert await guild_settings.load_settings(GUILD) == changed

    entries = await SqlAuditLog(database).list_entries(GUILD, 9)
    assert [entry.change for entry in entries] == [redone, undone, change]
    assert [(entry.action, entry.actor_id) for entry in entries] == [
        (AuditAction.UNDO_CHANGE, ADA_ID),
        (AuditAction.UNDO_CHANGE, BEN_ID),
        (AuditAction.CHANGE_SETTING, ADA_ID),
    ]
    assert (change.name, change.old, change.new) == (name, default, value)
    assert (undone.old, undone.new, redone.old, redone.new) == (value, default, default, value)


async def test_the_servers_whose_queues_are_paused_are_listed(guild_settings: SqlGuildSettingsStore) -> None:
    for guild_id, state in enumerate((*GuildQueueState, GuildQueueState.PAUSED)):
        await guild_settings.change_settings(guild_id, ADA_ID, GuildSettings(), GuildSettings(queue_state=state))

    assert sorted(await guild_settings.list_paused_guilds()) == [1, 3]


async def test_a_change_is_not_undone_once_the_setting_was_changed_again(guild_settings: SqlGuildSettingsStore) -> None:
    french, english = GuildSettings(language="fr"), GuildSettings(language="en")
    (change,) = await guild_settings.change_settings(GUILD, ADA_ID, GuildSettings(), french)
    await guild_settings.change_settings(GUILD, BEN_ID, french, english)

    with pytest.raises(RejectedError, match="setting_changed_since"):
        await guild_settings.undo_change(GUILD, ADA_ID, change.entry_id)
    assert await guild_settings.load_settings(GUILD) == english


async def test_only_changes_of_settings_in_the_same_guild_are_undone(
    database: Database, guild_settings: SqlGuildSettingsStore
) -> None:
    (change,) = await guild_settings.change_settings(GUILD, ADA_ID, GuildSettings(), GuildSettings(language="fr"))
    await SqlAuditLog(database).add_entry(6, ADA_ID, AuditAction.BLOCK, BEN_ID)
    (block,) = await SqlAuditLog(database).list_entries(6, 1)

    (pause,) = await guild_settings.change_settings(
        6, ADA_ID, GuildSettings(), GuildSettings(queue_state=GuildQueueState.PAUSED), action=AuditAction.PAUSE_QUEUE
    )

    for entry_id in (change.entry_id, block.id, pause.entry_id, 99):
        with pytest.raises(RejectedError, match="change_unknown"):
            await guild_settings.undo_change(6, ADA_ID, entry_id)
    assert await guild_settings.load_settings(GUILD) == GuildSettings(language="fr")


async def test_two_managers_change_different_settings_at_once(
    database: Database, database_url: str, guild_settings: SqlGuildSettingsStore
) -> None:
    other = Database(database_url)
    stores = (guild_settings, SqlGuildSettingsStore(other))
    seen_by_both = GuildSettings()

    await asyncio.gather(
        *(
            store.change_settings(GUILD, ADA_ID, seen_by_both, changed)
            for store, changed in zip(stores, (GuildSettings(language="fr"), GuildSettings(max_price=1)), strict=True)
        )
    )
    await other.close()

    assert await guild_settings.load_settings(GUILD) == GuildSettings(language="fr", max_price=1)


async def test_the_log_has_the_value_that_was_replaced_not_the_one_that_was_seen(
    database: Database, guild_settings: SqlGuildSettingsStore
) -> None:
    seen = GuildSettings()
    await guild_settings.change_settings(GUILD, ADA_ID, seen, replace(seen, max_price=1))

    (change,) = await guild_settings.change_settings(GUILD, BEN_ID, seen, replace(seen, max_price=2))
    assert await guild_settings.change_settings(GUILD, BEN_ID, seen, replace(seen, max_price=2)) == []

    assert (change.old, change.new) == (1, 2)
    assert len(await SqlAuditLog(database).list_entries(GUILD, 9)) == 2


async def test_a_change_whose_line_cannot_be_written_is_not_made(
    database: Database, guild_settings: SqlGuildSettingsStore
) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("ALTER TABLE audit_entries RENAME TO lost"))

    with pytest.raises(RejectedError, match="database_unavailable"):
        await guild_settings.change_settings(GUILD, ADA_ID, GuildSettings(), SETTINGS)

    assert await guild_settings.load_settings(GUILD) == GuildSettings()


async def test_lines_of_another_release_are_listed_without_their_change(
    database: Database, guild_settings: SqlGuildSettingsStore
) -> None:
    await guild_settings.change_settings(GUILD, ADA_ID, GuildSettings(), GuildSettings(max_price=1, language="fr"))
    async with database.transaction() as connection:
        await connection.execute(text("UPDATE audit_entries SET setting = 'mood' WHERE setting = 'language'"))
        await connection.execute(text("UPDATE audit_entries SET new_value = 'often' WHERE setting = 'max_price'"))

    entries = await SqlAuditLog(database).list_entries(GUILD, 9)

    assert [entry.change for entry in entries] == [None, None]
    for entry in entries:
        with pytest.raises(RejectedError, match="change_unknown"):
            await guild_settings.undo_change(GUILD, ADA_ID, entry.id)


async def test_a_database_that_fails_is_reported_as_a_problem(
    database: Database, guild_settings: SqlGuildSettingsStore
) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("DROP TABLE guild_settings"))

    with pytest.raises(RejectedError, match="database_unavailable"):
        await guild_settings.load_settings(GUILD)
    with pytest.raises(RejectedError, match="database_unavailable"):
        await guild_settings.change_settings(GUILD, ADA_ID, GuildSettings(), SETTINGS)
