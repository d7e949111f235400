"""Rows in SQL are read one by one: one that another release wrote is set aside, and all others go on."""

import json
import logging
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.sql.schema import Table

from bot.domain.guild_settings import ButtonPolicy, GuildSettings
from bot.domain.messages import MessageRef
from bot.domain.owners import Owner
from bot.domain.preferences import Ping, Preferences, ReusePolicy
from bot.domain.search import SearchQuery
from bot.storage import job_records
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
from bot.storage.preferences import SqlPreferencesStore
from bot.storage.presets import SqlPresetStore
from bot.storage.session import Database
from bot.storage.tables import guild_settings, jobs, presets, user_preferences
from shared.unreadable import UnreadableRowLog
from tests.support.builders import ADA_ID, NOON, make_finished_status, make_job

MESSAGE = MessageRef(2, 99)
ODD_OPTIONS = json.dumps({"keep": 40, "mood": "calm", "fit": "melt", "steps": ["many"], "model": 7})


async def change_rows(database: Database, table: Table, **values: Any) -> None:
    async with database.transaction() as connection:
        await connection.execute(update(table).values(values))


async def change_job(database: Database, job_id: str, **changes: Any) -> None:
    """Store a job as another release would; without changes, as no JSON at all."""
    is_job = jobs.c.id == job_id
    async with database.transaction() as connection:
        job_json = (await connection.execute(select(jobs.c.job_json).where(is_job))).scalar_one()
        job_json = json.dumps(json.loads(job_json) | changes) if changes else "{"
        await connection.execute(update(jobs).where(is_job).values(job_json=job_json))


async def test_an_open_record_that_cannot_be_read_names_its_owner_in_their_language(
    database: Database,
    job_store: SqlJobStore,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job_records, "_unreadable_rows", UnreadableRowLog(logging.getLogger("bot")))
    await SqlPreferencesStore(database).save_preferences(ADA_ID, Preferences(language="fr"))
    for number in (1, 2, 3):
        await job_store.add_jobs([make_job(number)], None)
    await change_job(database, make_job(1).id)
    await change_job(database, make_job(2).id, source_kind="of a newer release")

    first, second, third = await job_store.list_open_records()

    assert [record.is_readable for record in (first, second, third)] == [False, False, True]
    assert (first.job.id, first.job.requester.id, first.job.requester.locale) == (make_job(1).id, ADA_ID, "fr")
    assert (first.job.origin, second.job.origin) == (make_job(1).origin, make_job(2).origin)
    assert second.job.requester == make_job(2).requester
    assert caplog.text.count("cannot be read by this release") == 2

    owner = await job_store.load_owner(make_job(1).id)
    assert owner is not None
    assert owner.requester.locale == "fr"
    assert await job_store.load_owner("404") is None


async def test_history_shows_all_other_jobs(
    database: Database, job_store: SqlJobStore, job_history: SqlJobHistory, job_search: SqlJobSearch
) -> None:
    for number in (1, 2):
        await job_store.add_jobs([make_job(number, at=NOON + number)], None)
        await job_store.mark_delivered(make_finished_status(make_job(number)), MESSAGE)
    await change_job(database, make_job(1).id)

    page = await job_search.search_jobs(SearchQuery(ADA_ID), guild_id=1, channel_ids=[2], limit=10)
    results = await job_history.list_results(2, 10)
    closed = await job_store.load_closed_record(make_job(1).id)

    assert [record.job.id for record in page.records] == [record.job.id for record in results] == [make_job(2).id]
    assert closed is not None
    assert closed.message == MESSAGE
    assert await job_history.find_job(make_job(1).id) is None


async def test_options_that_this_release_does_not_know_are_left_out_of_presets_and_preferences(
    database: Database,
) -> None:
    owner, preset_store, preferences_store = Owner(1), SqlPresetStore(database), SqlPreferencesStore(database)
    for name in ("ours", "theirs"):
        await preset_store.save_preset(owner, name, {"keep": 50})
    await preferences_store.save_preferences(1, Preferences(options={"keep": 50}))
    async with database.transaction() as connection:
        await connection.execute(update(presets).where(presets.c.name == "theirs").values(options=ODD_OPTIONS))
    await change_rows(database, user_preferences, options=ODD_OPTIONS)

    assert [preset.options for preset in await preset_store.list_presets(owner)] == [{"keep": 50}, {"keep": 40}]
    assert (await preferences_store.load_preferences(1)).options == {"keep": 40}

    for damaged in ("{", "[]", "7"):
        await change_rows(database, user_preferences, options=damaged)
        assert await preferences_store.load_preferences(1) == Preferences()


async def test_an_unknown_button_policy_is_taken_for_the_strictest(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(insert(guild_settings).values(guild_id=1, button_policy="friends"))

    assert await SqlGuildSettingsStore(database).load_settings(1) == GuildSettings(ButtonPolicy.AUTHOR)


async def test_unknown_choices_of_a_person_are_taken_for_the_strictest(database: Database) -> None:
    preferences_store = SqlPreferencesStore(database)
    await preferences_store.save_preferences(1, Preferences(ping=Ping.AT_ONCE))
    await change_rows(database, user_preferences, ping="at_dawn", reuse_policy="friends")

    assert await preferences_store.load_preferences(1) == Preferences(reuse_policy=ReusePolicy.NOBODY)


async def test_preferences_of_the_release_before_keep_their_pings(database: Database) -> None:
    preferences_store = SqlPreferencesStore(database)
    await preferences_store.save_preferences(1, Preferences(ping=Ping.AT_ONCE))
    await change_rows(database, user_preferences, ping=None, reuse_policy=None)

    assert await preferences_store.load_preferences(1) == Preferences(ping=Ping.AFTER_MINUTE)
