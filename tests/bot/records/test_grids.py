"""Explorations, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio

import pytest

from bot.adapters.grids import Grids
from bot.adapters.records import Records
from bot.ports import Grid, Over, Plan, Source
from bot.records.models import grids
from shared.errors import problem
from shared.job import Place, Requester, cell_id
from tests.bot.records.desk import MADE, NOON, SOURCE, Clock, finished, job, rows


@pytest.fixture
def kept(records: Records, clock: Clock) -> Grids:
    return Grids(records.database, clock=clock)


def grid(number: int, *, at: float = NOON, cells: int = 2) -> Grid:
    one = job(number)
    requests = tuple(one.request.model_copy(update={"seed": seed}) for seed in range(1, cells + 1))
    place = Place(guild=1, channel=2, message=3)
    return Grid(one.id, Plan(Over.SEEDS, requests), Requester(id=2**63 - 1, name="Ada", locale="fr"), at, place)


async def test_an_exploration_is_begun_once_and_found_as_it_was(kept: Grids, database_url: str) -> None:
    answers = await asyncio.gather(*(kept.begin(grid(1)) for _ in range(4)))

    assert sorted(answers) == [False, False, False, True]
    assert await kept.grid(grid(1).id) == grid(1)
    assert await kept.grid("17") is None
    (row,) = rows(database_url, grids)
    assert (row["channel_id"], row["message_id"], row["requester_id"], row["at"]) == (2, 3, 2**63 - 1, NOON)


async def test_what_was_refused_is_remembered_with_its_reason(kept: Grids) -> None:
    await kept.begin(grid(1))
    why = {2: problem("too_many_waiting", count=20, limit=20)}

    await kept.refuse(grid(1).id, why)
    await kept.refuse("17", why)

    (found,) = await kept.open_grids()
    assert found.refused == why


async def test_those_that_have_not_ended_are_listed_oldest_first(kept: Grids, clock: Clock, database_url: str) -> None:
    for number, at in ((1, NOON + 2), (2, NOON), (3, NOON + 1)):
        await kept.begin(grid(number, at=at))

    clock.now += 60
    await kept.ended(grid(3).id)

    assert [found.id for found in await kept.open_grids()] == [grid(2).id, grid(1).id]
    assert {row["ended_at"] for row in rows(database_url, grids)} == {None, NOON + 60}


async def test_its_cells_are_the_jobs_of_its_numbers_and_say_whether_they_have_ended(
    kept: Grids, records: Records
) -> None:
    begun = grid(1, cells=3)
    await kept.begin(begun)
    cells = [job(1).model_copy(update={"id": cell_id(begun.id, number)}) for number in (1, 2)]
    for one in (*cells, job(2), job(1)):
        await records.accepted(one, Source(SOURCE.url))
    await records.delivered(finished(cells[0]), None)

    found = {past.job.id: past for past in await kept.cells(begun)}

    assert list(begun.cells) == [f"{begun.id}-01", f"{begun.id}-02", f"{begun.id}-03"]
    assert found.keys() == {cell.id for cell in cells}
    assert [(found[cell.id].kind, found[cell.id].open) for cell in cells] == [(MADE.kind, False), (None, True)]


async def test_one_that_this_release_cannot_read_stops_no_other(
    kept: Grids, records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (1, 2):
        await kept.begin(grid(number))
    async with records.database.transaction() as writing:
        await writing.execute(grids.update().where(grids.c.id == grid(1).id).values(grid='{"over": "tomorrow"}'))

    assert [found.id for found in await kept.open_grids()] == [grid(2).id]
    assert await kept.grid(grid(1).id) is None
    assert caplog.text.count("cannot be read by this release") == 1
