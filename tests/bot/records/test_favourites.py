"""Marks on results, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio

import pytest

from bot.adapters.favourites import Favourites
from bot.adapters.records import Records
from bot.records.models import favourites
from shared.errors import Refused
from tests.bot.records.desk import NOON, Clock, job, rows


async def test_a_mark_is_set_taken_away_and_set_again_for_each_person(
    records: Records, database_url: str, clock: Clock
) -> None:
    await records.accepted(job(1), None)
    marks = Favourites(records.database, clock=clock)

    answers = [await marks.toggle(user, job(1).id) for user in (7, 7, 2**63 - 1, 7)]

    assert answers == [True, False, True, True]
    assert {(row["user_id"], row["at"]) for row in rows(database_url, favourites)} == {(7, NOON), (2**63 - 1, NOON)}


async def test_clicks_at_the_same_time_take_turns(records: Records) -> None:
    await records.accepted(job(1), None)
    marks = Favourites(records.database)

    answers = await asyncio.gather(*(marks.toggle(7, job(1).id) for _ in range(6)))

    assert sorted(answers) == [False] * 3 + [True] * 3


async def test_what_the_records_do_not_know_cannot_be_marked(records: Records) -> None:
    with pytest.raises(Refused) as refused:
        await Favourites(records.database).toggle(7, "99999999999999999999")

    assert [problem.code for problem in refused.value.problems] == ["not_recorded"]
