"""Many requests taken on at once: all written down or none, the picture fetched once, each refused by itself."""

import random
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.intake import Intake
from bot.ports import Kept, Source, Unheard
from shared.catalogue import load_catalogue
from shared.errors import Refused, problem
from shared.job import Job, Place, cell_id
from shared.request import compose
from tests.bot.live.stage import MemoryQueue, MemoryRecords

CATALOGUE = load_catalogue()
PLACE = Place(guild=1, channel=2, message=3, in_place=True)
REQUESTS = {
    cell_id("17", seed): compose(CATALOGUE, prompt="a castle", has_picture=True, seed=seed) for seed in (1, 2, 3)
}
PICTURE = Kept("0" * 64, b"picture")
FULL = problem("too_many_waiting", count=2, limit=2)


class Full(MemoryQueue):
    """A queue that has room for so many jobs; `broken` is raised for the first that finds none."""

    def __init__(self, room: int, broken: Exception | None = None) -> None:
        super().__init__()
        self.room, self.broken = room, broken

    async def accept(self, job: Job, source: bytes | None, *, doubts: int = 0) -> bool:
        if len(self.jobs) >= self.room:
            raise self.broken or Refused(FULL)
        return await super().accept(job, source, doubts=doubts)


class Failing(MemoryRecords):
    """Records that take so many jobs, and no more."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    async def accepted(self, job: Job, source: Source | Kept | None) -> bool:
        if len(self.states) >= self.room:
            raise Refused(problem("records_unavailable"))
        return await super().accepted(job, source)


def intake(queue: MemoryQueue, records: MemoryRecords) -> Intake:
    nothing = cast("Any", None)
    return Intake(CATALOGUE, queue, records, nothing, (), 10**6, chance=random.Random(7), now=lambda: 1e9)


def interaction() -> Any:
    permissions = discord.Permissions.all()
    user = SimpleNamespace(id=42, display_name="ada")
    return SimpleNamespace(
        id=17,
        user=user,
        locale=discord.Locale.french,
        extras={},
        guild_id=1,
        app_permissions=permissions,
        channel=None,
        client=None,
        filesize_limit=10**6,
    )


async def test_each_is_a_job_of_its_own_at_the_same_place() -> None:
    queue, records = MemoryQueue(), MemoryRecords()

    refused = await intake(queue, records).take_many(interaction(), REQUESTS, PICTURE, PLACE, parent="16")

    assert refused == {}
    assert list(queue.jobs) == ["17-01", "17-02", "17-03"]
    assert [(job.seed, job.place, job.parent, job.grid) for job in queue.jobs.values()] == [
        (seed, PLACE, "16", "17") for seed in (1, 2, 3)
    ]
    assert set(queue.sources.values()) == {PICTURE.data}
    assert set(records.states.values()) == {"queued"}


async def test_taken_on_again_nothing_is_queued_twice() -> None:
    queue, records = MemoryQueue(), MemoryRecords()
    taking = intake(queue, records)
    await taking.take_many(interaction(), REQUESTS, PICTURE, PLACE)
    queue.jobs.clear()

    assert await taking.take_many(interaction(), REQUESTS, PICTURE, PLACE) == {}

    assert queue.jobs == {}


async def test_what_finds_no_room_is_refused_by_itself_and_its_record_closed() -> None:
    queue, records = Full(2), MemoryRecords()

    refused = await intake(queue, records).take_many(interaction(), REQUESTS, PICTURE, PLACE)

    assert refused == {"17-03": (FULL,)}
    assert records.states == {"17-01": "queued", "17-02": "queued", "17-03": "too_many_waiting"}


async def test_once_the_queue_does_not_answer_it_is_not_asked_for_the_others_which_wait_written_down() -> None:
    queue, records = Full(1, Unheard()), MemoryRecords()
    asked, told = interaction(), list[str]()

    async def send(text: str, *, ephemeral: bool) -> None:
        assert ephemeral
        told.append(text)

    asked.followup = SimpleNamespace(send=send)

    assert await intake(queue, records).take_many(asked, REQUESTS, PICTURE, PLACE) == {}

    assert (list(queue.jobs), set(records.states.values())) == (["17-01"], {"queued"})
    assert len(told) == 1


async def test_what_cannot_all_be_written_down_is_not_taken_on_at_all() -> None:
    queue, records = MemoryQueue(), Failing(2)

    with pytest.raises(Refused):
        await intake(queue, records).take_many(interaction(), REQUESTS, PICTURE, PLACE)

    assert queue.jobs == {}
    assert set(records.states.values()) == {"records_unavailable"}


async def test_after_an_unexpected_fault_those_that_were_queued_go_on_and_the_others_are_closed() -> None:
    queue, records = Full(1, OSError("no route")), MemoryRecords()

    with pytest.raises(OSError, match="no route"):
        await intake(queue, records).take_many(interaction(), REQUESTS, PICTURE, PLACE)

    assert records.states == {"17-01": "queued", "17-02": "internal", "17-03": "internal"}
