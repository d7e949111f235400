"""Explorations, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio

import pytest

from bot.domain.exploration import Exploration, ExplorationPlan, Variation
from bot.domain.images import RemoteImage
from bot.features.explore.store import SqlExplorationStore
from bot.storage.jobs import SqlJobStore
from bot.storage.tables import explorations
from shared.job import Origin, Requester, make_variant_id
from shared.problems import make_problem
from tests.support.builders import GENERATED, NOON, SOURCE, Clock, make_finished_status, make_job, read_rows


@pytest.fixture
def kept(records: SqlJobStore, clock: Clock) -> SqlExplorationStore:
    return SqlExplorationStore(records.database, clock=clock)


def make_exploration(number: int, *, at: float = NOON, cells: int = 2) -> Exploration:
    one = make_job(number)
    requests = tuple(one.request.model_copy(update={"seed": seed}) for seed in range(1, cells + 1))
    place = Origin(guild_id=1, channel_id=2, message_id=3)
    return Exploration(
        one.id, ExplorationPlan(Variation.SEEDS, requests), Requester(id=2**63 - 1, name="Ada", locale="fr"), at, place
    )


async def test_an_exploration_is_begun_once_and_found_as_it_was(kept: SqlExplorationStore, database_url: str) -> None:
    answers = await asyncio.gather(*(kept.add_exploration(make_exploration(1)) for _ in range(4)))

    assert sorted(answers) == [False, False, False, True]
    assert await kept.find_exploration(make_exploration(1).id) == make_exploration(1)
    assert await kept.find_exploration("17") is None
    (row,) = read_rows(database_url, explorations)
    assert (row["channel_id"], row["message_id"], row["requester_id"], row["created_at"]) == (2, 3, 2**63 - 1, NOON)


async def test_what_was_refused_is_remembered_with_its_reason(kept: SqlExplorationStore) -> None:
    await kept.add_exploration(make_exploration(1))
    why = {2: make_problem("too_many_waiting", count=20, limit=20)}

    await kept.save_rejections(make_exploration(1).id, why)
    await kept.save_rejections("17", why)

    (found,) = await kept.list_open_explorations()
    assert found.rejected == why


async def test_those_that_have_not_ended_are_listed_oldest_first(
    kept: SqlExplorationStore, clock: Clock, database_url: str
) -> None:
    for number, at in ((1, NOON + 2), (2, NOON), (3, NOON + 1)):
        await kept.add_exploration(make_exploration(number, at=at))

    clock.now += 60
    await kept.mark_exploration_ended(make_exploration(3).id)

    assert [found.id for found in await kept.list_open_explorations()] == [
        make_exploration(2).id,
        make_exploration(1).id,
    ]
    assert {row["ended_at"] for row in read_rows(database_url, explorations)} == {None, NOON + 60}


async def test_its_variants_are_the_jobs_of_its_numbers_and_say_whether_they_have_ended(
    kept: SqlExplorationStore, records: SqlJobStore
) -> None:
    begun = make_exploration(1, cells=3)
    await kept.add_exploration(begun)
    cells = [make_job(1).model_copy(update={"id": make_variant_id(begun.id, number)}) for number in (1, 2)]
    for one in (*cells, make_job(2), make_job(1)):
        await records.add_job(one, RemoteImage(SOURCE.url))
    await records.mark_delivered(make_finished_status(cells[0]), None)

    found = {past.job.id: past for past in await kept.list_variants(begun)}

    assert list(begun.variant_ids) == [f"{begun.id}-01", f"{begun.id}-02", f"{begun.id}-03"]
    assert found.keys() == {cell.id for cell in cells}
    assert [(found[cell.id].outcome_kind, found[cell.id].is_open) for cell in cells] == [
        (GENERATED.kind, False),
        (None, True),
    ]


async def test_one_that_this_release_cannot_read_stops_no_other(
    kept: SqlExplorationStore, records: SqlJobStore, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (1, 2):
        await kept.add_exploration(make_exploration(number))
    async with records.database.transaction() as writing:
        await writing.execute(
            explorations.update()
            .where(explorations.c.id == make_exploration(1).id)
            .values(exploration_json='{"over": "tomorrow"}')
        )

    assert [found.id for found in await kept.list_open_explorations()] == [make_exploration(2).id]
    assert await kept.find_exploration(make_exploration(1).id) is None
    assert caplog.text.count("cannot be read by this release") == 1
