"""Deleting a person's data: all of theirs, nothing of others', and no byte of it remains in the database file."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, create_engine, insert
from sqlalchemy.pool import NullPool

from bot.domain.messages import MessageRef
from bot.domain.notices import NoticeKind
from bot.domain.owners import Owner
from bot.domain.preferences import Ping, Preferences
from bot.domain.provenance import FileKind
from bot.domain.round_phases import start_contest
from bot.domain.rounds import ContestFormat, EntryState
from bot.domain.teams import Team
from bot.features.lineage.store import SqlLineageStore
from bot.features.privacy.store import SqlUserDataStore
from bot.features.privacy.summary import StoredDataSummary
from bot.storage.engine import parse_database_url
from bot.storage.favourites import SqlFavouriteStore
from bot.storage.images import SqlImageStore
from bot.storage.jobs import SqlJobStore
from bot.storage.notices import SqlNoticeStore, add_notice
from bot.storage.preferences import SqlPreferencesStore
from bot.storage.result_hashes import SqlResultHashStore
from bot.storage.round_stores import RoundStores
from bot.storage.session import Database
from bot.storage.style_sets import SqlStyleSetStore
from bot.storage.tables import (
    explorations,
    favourites,
    jobs,
    metadata,
    presets,
    reports,
    result_hashes,
    round_ballots,
    source_images,
    style_sets,
    user_preferences,
)
from bot.storage.teams import SqlTeamStore
from bot.storage.thumbnails import SqlThumbnailStore
from shared.job import Job
from tests.support.builders import ADA_ID, BEN_ID, SOURCE, make_finished_status, make_job_by, read_rows
from tests.support.database import execute_sql
from tests.support.rounds import make_contest, make_entry_job

OWN_SHA256, SHARED_SHA256 = "1" * 64, "2" * 64
PLANTED_PROMPT = "an ocelot on a unicycle"


@pytest.fixture
def user_data_store(database: Database) -> SqlUserDataStore:
    return SqlUserDataStore(database)


async def finish_job(job_store: SqlJobStore, job: Job, source_sha256: str | None = None) -> str:
    await job_store.add_jobs([job], SOURCE if source_sha256 else None)
    await job_store.mark_queued(job.id, source_sha256)
    await job_store.mark_delivered(make_finished_status(job), MessageRef(job.origin.message_id, 1))
    return job.id


def insert_row(url: str, table: Table, **values: Any) -> None:
    engine = create_engine(parse_database_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(insert(table).values(values))
    engine.dispose()


def list_files_with_prompt(folder: Path) -> list[str]:
    """List the files that contain the planted prompt."""
    return [path.name for path in folder.iterdir() if PLANTED_PROMPT.encode() in path.read_bytes()]


async def fill_tables(database: Database, job_store: SqlJobStore, url: str) -> None:
    """Store rows of Ada and Ben in every table: Ada has one open job and two ended ones, one of them Ben's parent."""
    image_store, favourite_store = SqlImageStore(database), SqlFavouriteStore(database)
    adas = await finish_job(job_store, make_job_by(1, prompt=PLANTED_PROMPT), OWN_SHA256)
    await finish_job(job_store, make_job_by(2, prompt=f"{PLANTED_PROMPT} again"), SHARED_SHA256)
    await job_store.add_jobs([make_job_by(3, prompt="still waiting")], None)
    bens = await finish_job(
        job_store, make_job_by(4, user_id=BEN_ID).model_copy(update={"parent_id": adas}), SHARED_SHA256
    )
    for job_id in (adas, make_job_by(2).id):
        await image_store.save_source_image(job_id, b"a picture")
    await image_store.save_undelivered_image(adas, b"undelivered")
    await SqlThumbnailStore(database).save_thumbnail(adas, b"small")
    await SqlThumbnailStore(database).save_thumbnail(bens, b"small")
    for job_id in (adas, bens):
        await SqlResultHashStore(database).save_copy(job_id, b"small", FileKind.PREVIEW)
    for user_id, job_id in ((ADA_ID, bens), (BEN_ID, adas), (BEN_ID, bens)):
        await favourite_store.toggle_favourite(user_id, job_id)
    for user_id in (ADA_ID, BEN_ID):
        await SqlPreferencesStore(database).save_preferences(user_id, Preferences(ping=Ping.AT_ONCE))
        insert_row(
            url,
            presets,
            code=f"p{user_id % 97}",
            user_id=user_id,
            guild_id=0,
            name="n",
            folded_name="n",
            options="{}",
            saved_at=0,
        )
        content = PLANTED_PROMPT if user_id == ADA_ID else "Ben's"
        insert_row(
            url,
            explorations,
            id=f"9{user_id % 97}",
            exploration_json=content,
            channel_id=1,
            message_id=1,
            requester_id=user_id,
            created_at=0,
        )
    for owner in (Owner(ADA_ID), Owner(BEN_ID), Owner(ADA_ID, 1)):
        await SqlStyleSetStore(database).add_pictures(owner, "oils", [b"a picture"])
    await fill_contest(database)
    await SqlTeamStore(database).add_team(Team(7, 1, "Makers"), ADA_ID)
    for user_id in (ADA_ID, BEN_ID):
        await SqlTeamStore(database).save_choice(1, user_id, 7)
    for user_id in (ADA_ID, BEN_ID):
        told = {"user_id": user_id, "reason": PLANTED_PROMPT} if user_id == ADA_ID else {"user_id": user_id}
        await database.run_transaction(
            lambda connection, told=told: add_notice(
                connection, f"event {len(told)}", 1, 0, NoticeKind.DELETION, told, 0
            )  # type: ignore[misc]
        )
    for user_id, job_id in ((ADA_ID, bens), (BEN_ID, adas), (BEN_ID, bens)):
        report = {"job_id": job_id, "reporter_id": user_id, "guild_id": 1, "kind": "result", "created_at": 0}
        insert_row(url, reports, **report, reason=PLANTED_PROMPT if user_id == ADA_ID else "Ben's", closed_by=ADA_ID)
    insert_row(
        url,
        presets,
        code="ours",
        user_id=ADA_ID,
        guild_id=1,
        name="given",
        folded_name="given",
        options="{}",
        saved_at=0,
    )


async def fill_contest(database: Database) -> None:
    """Let Ada host a contest, wait for reminders, take turns, and vote."""
    stores = RoundStores(database)
    contest = replace(make_contest(format=ContestFormat.RELAY), host_id=ADA_ID)
    await stores.contests.add_contest(start_contest(contest))
    for user_id in (ADA_ID, BEN_ID):
        await stores.members.join_relay(contest.id, user_id)
        await stores.members.toggle_reminder(contest.id, user_id)
        ballot = {"contest_id": contest.id, "user_id": user_id, "choices": "[1]"}
        async with database.transaction() as connection:
            await connection.execute(insert(round_ballots).values(ballot))


async def test_all_data_of_a_person_is_counted_and_deleted(
    database: Database, job_store: SqlJobStore, user_data_store: SqlUserDataStore, database_url: str
) -> None:
    await fill_tables(database, job_store, database_url)

    counted = await user_data_store.summarise_stored_data(ADA_ID)
    ended_ids: list[str] = []

    async def purge(job_ids: Sequence[str]) -> None:
        ended_ids.extend(job_ids)

    deleted = await user_data_store.delete_personal_data(ADA_ID, purge_jobs=purge)

    assert counted == deleted
    assert counted == StoredDataSummary(
        jobs=2,
        rows=7,
        favourites=1,
        presets=1,
        style_sets=1,
        explorations=1,
        thumbnails=1,
        source_images=1,
        round_rows=3,
        undelivered_images=1,
        reports=1,
        preferences=1,
        team_choices=1,
        open_jobs=1,
    )
    assert set(ended_ids) == {make_job_by(1).id, make_job_by(2).id}
    assert await user_data_store.summarise_stored_data(ADA_ID) == StoredDataSummary(open_jobs=1)
    assert await user_data_store.delete_personal_data(ADA_ID) == StoredDataSummary(open_jobs=1)


async def test_other_peoples_data_remains_even_where_it_came_from_the_deleted_person(
    database: Database, job_store: SqlJobStore, user_data_store: SqlUserDataStore, database_url: str
) -> None:
    await fill_tables(database, job_store, database_url)
    before = await user_data_store.summarise_stored_data(BEN_ID)

    await user_data_store.delete_personal_data(ADA_ID)

    assert before.favourites == 2
    remaining = {row["id"]: row["parent_id"] for row in read_rows(database_url, jobs)}
    adas = make_job_by(1).id
    assert remaining == {adas: None, make_job_by(3).id: None, make_job_by(4).id: adas}
    assert [row["sha256"] for row in read_rows(database_url, source_images)] == [SHARED_SHA256]
    assert [row["job_id"] for row in read_rows(database_url, favourites)] == [make_job_by(4).id]
    assert [row["job_id"] for row in read_rows(database_url, result_hashes)] == [make_job_by(4).id]
    assert [row["user_id"] for row in read_rows(database_url, user_preferences)] == [BEN_ID]
    assert sorted(row["user_id"] for row in read_rows(database_url, presets)) == [0, BEN_ID]
    assert sorted(row["user_id"] for row in read_rows(database_url, style_sets)) == [0, BEN_ID]
    assert [row["requester_id"] for row in read_rows(database_url, explorations)] == [BEN_ID]
    assert [n.place_id for n in await SqlNoticeStore(database).list_waiting([NoticeKind.DELETION])] == [BEN_ID]
    (report,) = read_rows(database_url, reports)
    assert (report["reporter_id"], report["job_id"], report["closed_by"]) == (BEN_ID, make_job_by(4).id, 0)


async def test_the_lineage_keeps_its_shape_without_the_person(
    database: Database, job_store: SqlJobStore, user_data_store: SqlUserDataStore, database_url: str
) -> None:
    async def grow(number: int, parent: str | None, user_id: int, owner_id: int | None = None) -> str:
        links = {"parent_id": parent, "source_owner_id": owner_id}
        return await finish_job(job_store, make_job_by(number, user_id=user_id).model_copy(update=links))

    root = await grow(1, None, ADA_ID)
    middle = await grow(2, root, ADA_ID)
    bens = await grow(3, middle, BEN_ID, ADA_ID)
    await grow(4, middle, ADA_ID)
    bens_other = await grow(5, root, BEN_ID, ADA_ID)
    variant = make_job_by(6, user_id=BEN_ID).model_copy(update={"id": "77-01", "source_owner_id": ADA_ID})
    await finish_job(job_store, variant)
    owned = f'{{"source_owner_id": {ADA_ID}, "x": 1}}'
    insert_row(
        database_url,
        explorations,
        id="77",
        exploration_json=owned,
        channel_id=1,
        message_id=1,
        requester_id=BEN_ID,
        created_at=0,
    )

    await user_data_store.delete_personal_data(ADA_ID)
    lineage = await SqlLineageStore(database).load_lineage(bens, 10)

    assert {record.job.id: record.job.parent_id for record in lineage} == {
        root: None,
        middle: root,
        bens: middle,
        bens_other: root,
    }
    assert {record.job.id for record in lineage if record.is_deleted} == {root, middle}
    assert {(record.job.requester.id, record.job.source_owner_id) for record in lineage} == {(0, None), (BEN_ID, 0)}
    assert all(not record.job.request.text_prompts for record in lineage if record.is_deleted)
    (exploration,) = read_rows(database_url, explorations)
    assert json.loads(exploration["exploration_json"]) == {"source_owner_id": 0, "x": 1}
    assert str(ADA_ID) not in str(read_rows(database_url, jobs))

    await user_data_store.delete_personal_data(BEN_ID)
    assert read_rows(database_url, jobs) == []


async def test_no_row_names_a_person_whose_data_was_deleted(
    database: Database, job_store: SqlJobStore, user_data_store: SqlUserDataStore, database_url: str
) -> None:
    await fill_tables(database, job_store, database_url)

    await user_data_store.delete_personal_data(ADA_ID)

    for table in metadata.sorted_tables:
        for row in read_rows(database_url, table):
            assert (
                row.get("id") == make_job_by(3).id
                or row.get("job_id") == make_job_by(3).id
                or str(ADA_ID) not in str(row)
            )
            assert PLANTED_PROMPT not in str(row)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_byte_of_a_deleted_prompt_remains_in_the_file(
    database: Database, job_store: SqlJobStore, user_data_store: SqlUserDataStore, database_url: str, tmp_path: Path
) -> None:
    await fill_tables(database, job_store, database_url)
    for number in range(20, 60):
        await finish_job(job_store, make_job_by(number, prompt=PLANTED_PROMPT * 50))
    before = list_files_with_prompt(tmp_path)

    await user_data_store.delete_personal_data(ADA_ID)

    assert before
    assert list_files_with_prompt(tmp_path) == []


async def test_entries_of_an_open_round_are_withdrawn_and_those_of_earlier_ones_lose_their_author(
    database: Database, job_store: SqlJobStore, user_data_store: SqlUserDataStore, database_url: str
) -> None:
    contests = RoundStores(database).contests
    started = make_contest()
    await contests.add_contest(start_contest(started))
    for number in (1, 2):
        job = make_entry_job(number, round_number=number)
        if number == 2:  # the next round
            execute_sql(database_url, "UPDATE contests SET round_number = 2")
        await finish_job(job_store, job)

    await user_data_store.delete_personal_data(ADA_ID)

    entries = await contests.list_entries(started.id)
    assert [(entry.author_id, entry.state) for entry in entries] == [
        (0, EntryState.ENTERED),
        (0, EntryState.WITHDRAWN),
    ]
