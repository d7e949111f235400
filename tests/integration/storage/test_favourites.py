"""Marks on results, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio

import pytest

from bot.storage.favourites import SqlFavouriteStore
from bot.storage.jobs import SqlJobStore
from bot.storage.tables import favourites
from shared.problems import RejectedError
from tests.support.builders import NOON, Clock, make_job, read_rows


async def test_a_mark_is_set_taken_away_and_set_again_for_each_person(
    records: SqlJobStore, database_url: str, clock: Clock
) -> None:
    await records.add_job(make_job(1), None)
    marks = SqlFavouriteStore(records.database, clock=clock)

    answers = [await marks.toggle_favourite(user, make_job(1).id) for user in (7, 7, 2**63 - 1, 7)]

    assert answers == [True, False, True, True]
    assert {(row["user_id"], row["created_at"]) for row in read_rows(database_url, favourites)} == {
        (7, NOON),
        (2**63 - 1, NOON),
    }


async def test_clicks_at_the_same_time_take_turns(records: SqlJobStore) -> None:
    await records.add_job(make_job(1), None)
    marks = SqlFavouriteStore(records.database)

    answers = await asyncio.gather(*(marks.toggle_favourite(7, make_job(1).id) for _ in range(6)))

    assert sorted(answers) == [False] * 3 + [True] * 3


async def test_what_the_records_do_not_know_cannot_be_marked(records: SqlJobStore) -> None:
    with pytest.raises(RejectedError) as refused:
        await SqlFavouriteStore(records.database).toggle_favourite(7, "99999999999999999999")

    assert [problem.code for problem in refused.value.problems] == ["not_recorded"]
