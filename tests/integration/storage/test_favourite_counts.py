"""Triggers count favourites by picture, whichever release writes; the migration counts those from before it."""

import random

from sqlalchemy import delete

from bot.features.gallery.store import SqlTopStore, TopQuery
from bot.storage.engine import parse_database_url
from bot.storage.favourites import SqlFavouriteStore
from bot.storage.jobs import SqlJobStore
from bot.storage.migrate import migrate_database
from bot.storage.session import Database
from bot.storage.tables import favourite_counts, favourites, jobs
from shared.catalogue import Catalogue
from tests.support.builders import Clock, make_finished_status, make_job_by, read_rows
from tests.support.database import execute_sql

GUILD, CHANNEL = 1, 2
JOBS = [make_job_by(number, user_id=number) for number in range(1, 9)]
ADD = "INSERT INTO favourites (user_id, job_id, created_at) VALUES (:user_id, :job_id, :at)"
"""As releases write that know nothing of counts."""


def assert_counts_are_right(url: str) -> None:
    owners = {row["id"]: row["requester_id"] for row in read_rows(url, jobs)}
    expected: dict[str, list[int]] = {}
    for row in read_rows(url, favourites):
        is_own = owners[row["job_id"]] == row["user_id"]
        assert (row["guild_id"], row["is_own"]) == (GUILD, is_own)
        counts = expected.setdefault(row["job_id"], [0, 0])
        counts[0] += 1
        counts[1] += not is_own
    found = read_rows(url, favourite_counts)
    assert {row["job_id"]: [row["marks"], row["other_marks"]] for row in found} == expected
    assert {(row["guild_id"], row["channel_id"]) for row in found} <= {(GUILD, CHANNEL)}


async def test_the_best_are_those_of_a_recount_whoever_wrote_the_marks(
    database: Database, database_url: str, job_store: SqlJobStore, clock: Clock
) -> None:
    rng, store, top = random.Random(5), SqlFavouriteStore(database, clock=clock), SqlTopStore(database)
    await job_store.add_jobs(JOBS, None)
    for job in JOBS:
        await job_store.mark_delivered(make_finished_status(job), None)
    for _ in range(60):
        clock.now += 1
        await store.toggle_favourite(rng.randrange(1, 9), rng.choice(JOBS).id)
    execute_sql(database_url, ADD, user_id=77, job_id=JOBS[0].id, at=clock.now + 1)
    execute_sql(database_url, "DELETE FROM favourites WHERE user_id = 3")
    await database.run_transaction(lambda connection: connection.execute(delete(jobs).where(jobs.c.id == JOBS[7].id)))

    assert_counts_are_right(database_url)
    marks = [(row["job_id"], row["user_id"], row["created_at"]) for row in read_rows(database_url, favourites)]
    for since in (0.0, clock.now - 30):
        for counts_own in (False, True):
            counted = [
                job_id
                for job_id, user_id, at in marks
                if at >= since and (counts_own or user_id != next(j for j in JOBS if j.id == job_id).requester.id)
            ]
            ranked = sorted({(counted.count(j.id), j.accepted_at, j.id) for j in JOBS if j.id in counted}, reverse=True)
            query = TopQuery(GUILD, {CHANNEL}, since, counts_own_marks=counts_own)
            found = [(result.favourites, result.record.job.id) for result in await top.list_top_results(query, 5)]
            assert found == [(count, job_id) for count, _, job_id in ranked[:5]]


async def test_a_page_of_results_that_may_not_be_shown_is_followed_by_the_next(
    database: Database, database_url: str, job_store: SqlJobStore, clock: Clock
) -> None:
    many = [make_job_by(number, user_id=5) for number in range(1, 60)]
    await job_store.add_jobs(many, None)
    await job_store.mark_delivered(make_finished_status(many[0]), None)  # the others have no picture
    for job in many:
        execute_sql(database_url, ADD, user_id=6, job_id=job.id, at=clock.now)

    for since in (0.0, clock.now - 1):
        found = await SqlTopStore(database).list_top_results(TopQuery(GUILD, {CHANNEL}, since), 9)
        assert [result.record.job.id for result in found] == [many[0].id]


async def test_the_migration_counts_the_favourites_of_releases_before_it(
    database_url: str, catalogue: Catalogue
) -> None:
    migrate_database(parse_database_url(database_url), "0015_backups")
    database = Database(database_url)
    await SqlJobStore(database, catalogue=catalogue).add_jobs(JOBS[:3], None)
    for user_id, job in ((1, JOBS[0]), (2, JOBS[0]), (9, JOBS[1])):
        execute_sql(database_url, ADD, user_id=user_id, job_id=job.id, at=5.0)

    await database.migrate()
    execute_sql(database_url, ADD, user_id=4, job_id=JOBS[0].id, at=6.0)
    await database.close()

    assert_counts_are_right(database_url)
    assert len(read_rows(database_url, favourite_counts)) == 2
