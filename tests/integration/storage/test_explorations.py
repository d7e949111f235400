"""Stored explorations, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio

import pytest

from bot.domain.exploration import Exploration, ExplorationPlan, Variation
from bot.domain.images import RemoteImage
from bot.storage.explorations import SqlExplorationStore
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import explorations
from shared.job import Origin, Requester, make_variant_id
from shared.problems import make_problem
from tests.support.builders import GENERATED, NOON, SOURCE, Clock, make_finished_status, make_job, read_rows


@pytest.fixture
def exploration_store(database: Database, clock: Clock) -> SqlExplorationStore:
    return SqlExplorationStore(database, clock=clock)


def make_exploration(number: int, *, at: float = NOON, variants: int = 2) -> Exploration:
    job = make_job(number)
    requests = tuple(job.request.model_copy(update={"seed": seed}) for seed in range(1, variants + 1))
    origin = Origin(guild_id=1, channel_id=2, message_id=3)
    return Exploration(
        job.id, ExplorationPlan(Variation.SEEDS, requests), Requester(id=2**63 - 1, name="Ada", locale="fr"), at, origin
    )


async def test_an_exploration_is_stored_once_and_found_again(
    exploration_store: SqlExplorationStore, database_url: str
) -> None:
    added = await asyncio.gather(*(exploration_store.add_exploration(make_exploration(1)) for _ in range(4)))

    assert sorted(added) == [False, False, False, True]
    assert await exploration_store.find_exploration(make_exploration(1).id) == make_exploration(1)
    assert await exploration_store.find_exploration("17") is None
    (row,) = read_rows(database_url, explorations)
    assert (row["channel_id"], row["message_id"], row["requester_id"], row["created_at"]) == (2, 3, 2**63 - 1, NOON)


async def test_the_problems_of_rejected_variants_are_stored(exploration_store: SqlExplorationStore) -> None:
    await exploration_store.add_exploration(make_exploration(1))
    problems = {2: make_problem("too_many_waiting", count=20, limit=20)}

    await exploration_store.save_rejections(make_exploration(1).id, problems)
    await exploration_store.save_rejections("17", problems)

    (found,) = await exploration_store.list_open_explorations()
    assert found.rejected == problems


async def test_open_explorations_are_listed_oldest_first(
    exploration_store: SqlExplorationStore, clock: Clock, database_url: str
) -> None:
    for number, at in ((1, NOON + 2), (2, NOON), (3, NOON + 1)):
        await exploration_store.add_exploration(make_exploration(number, at=at))

    clock.now += 60
    await exploration_store.mark_exploration_ended(make_exploration(3).id)

    assert [found.id for found in await exploration_store.list_open_explorations()] == [
        make_exploration(2).id,
        make_exploration(1).id,
    ]
    assert {row["ended_at"] for row in read_rows(database_url, explorations)} == {None, NOON + 60}


async def test_variants_are_found_by_their_job_ids_and_tell_whether_they_have_ended(
    exploration_store: SqlExplorationStore, job_store: SqlJobStore
) -> None:
    exploration = make_exploration(1, variants=3)
    await exploration_store.add_exploration(exploration)
    variants = [make_job(1).model_copy(update={"id": make_variant_id(exploration.id, number)}) for number in (1, 2)]
    for job in (*variants, make_job(2), make_job(1)):
        await job_store.add_jobs([job], RemoteImage(SOURCE.url))
    await job_store.mark_delivered(make_finished_status(variants[0]), None)

    found = {record.job.id: record for record in await exploration_store.list_variants(exploration)}

    assert list(exploration.variant_ids) == [f"{exploration.id}-01", f"{exploration.id}-02", f"{exploration.id}-03"]
    assert found.keys() == {job.id for job in variants}
    assert [(found[job.id].outcome_kind, found[job.id].is_open) for job in variants] == [
        (GENERATED.kind, False),
        (None, True),
    ]


async def test_an_exploration_of_another_release_does_not_hide_the_others(
    database: Database, exploration_store: SqlExplorationStore, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (1, 2):
        await exploration_store.add_exploration(make_exploration(number))
    async with database.transaction() as connection:
        await connection.execute(
            explorations.update()
            .where(explorations.c.id == make_exploration(1).id)
            .values(exploration_json='{"over": "tomorrow"}')
        )

    assert [found.id for found in await exploration_store.list_open_explorations()] == [make_exploration(2).id]
    assert await exploration_store.find_exploration(make_exploration(1).id) is None
    assert caplog.text.count("cannot be read by this release") == 1
