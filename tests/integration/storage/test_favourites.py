"""Favourites, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio

import pytest

from bot.storage.favourites import SqlFavouriteStore
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import favourites
from shared.problems import RejectedError
from tests.support.builders import NOON, Clock, make_job, read_rows


async def test_a_favourite_is_marked_and_unmarked_for_each_person_separately(
    database: Database, job_store: SqlJobStore, database_url: str, clock: Clock
) -> None:
    await job_store.add_jobs([make_job(1)], None)
    favourite_store = SqlFavouriteStore(database, clock=clock)

    marked = [await favourite_store.toggle_favourite(user, make_job(1).id) for user in (7, 7, 2**63 - 1, 7)]

    assert marked == [True, False, True, True]
    assert {(row["user_id"], row["created_at"]) for row in read_rows(database_url, favourites)} == {
        (7, NOON),
        (2**63 - 1, NOON),
    }


async def test_simultaneous_clicks_take_turns(database: Database, job_store: SqlJobStore) -> None:
    await job_store.add_jobs([make_job(1)], None)
    favourite_store = SqlFavouriteStore(database)

    marked = await asyncio.gather(*(favourite_store.toggle_favourite(7, make_job(1).id) for _ in range(6)))

    assert sorted(marked) == [False] * 3 + [True] * 3


async def test_an_unknown_job_cannot_be_a_favourite(database: Database) -> None:
    with pytest.raises(RejectedError) as rejected:
        await SqlFavouriteStore(database).toggle_favourite(7, "99999999999999999999")

    assert [problem.code for problem in rejected.value.problems] == ["result_not_recorded"]
