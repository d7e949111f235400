"""The message of an exploration fills as its cells come in, and is edited no more than needed."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.grids import Grids
from bot.adapters.library import Library
from bot.adapters.records import Records
from bot.adapters.thumbnails import KeptThumbnails
from bot.deliver import Deliver
from bot.exploring.message import message_of
from bot.exploring.watch import GRACE, TRIES, Explorations
from bot.ports import Grid, Over, Past, Plan, Standing, State, Told
from bot.records.models import grids
from bot.render import mark
from bot.render.grid import Stage
from bot.thumbnails import Pictures, Thumbnailer
from shared.catalogue import Catalogue
from shared.errors import problem
from shared.job import Job
from shared.outcome import Filtered, Outcome, Side
from tests.bot.delivery.scene import Discord, Ledger, at_work, made, words
from tests.bot.delivery.test_deliver import png
from tests.bot.records.desk import Clock, rows

PATCH = "PATCH"


class House:
    """An exploration of three seeds, its records and the queue, and what looks after its message."""

    def __init__(self, world: Discord, ledger: Ledger, records: Records, catalogue: Catalogue) -> None:
        self.world, self.ledger, self.records, self.catalogue = world, ledger, records, catalogue
        self.library = Library(records.database)
        self.grids = Grids(records.database)
        self.clock = Clock()
        self.clock.now = time.time()
        self.watch = self.started()

    def started(self) -> Explorations:
        """What looks after the message in a bot that starts now."""
        thumbnailer = Thumbnailer(
            Pictures(self._nowhere, self.library, self._never), KeptThumbnails(self.records.database)
        )
        return Explorations(self.world.client, self.ledger, self.grids, thumbnailer, self.catalogue, clock=self.clock)

    async def _nowhere(self, past: Past) -> None:
        return None

    async def _never(self, source: object) -> bytes:
        raise AssertionError(f"{source} is not to be fetched")

    async def begin(self) -> Grid:
        one = await self.world.asked()
        plan = Plan(Over.SEEDS, tuple(one.request.model_copy(update={"seed": seed}) for seed in (11, 12, 13)))
        grid = Grid(one.id, plan, one.requester, self.clock.now, one.place)
        view = message_of(grid, [Stage.WAITING] * 3, self.catalogue, sheet=False)
        posted = await self.world.client.get_partial_messageable(self.world.channel).send(view=view)
        grid = replace(grid, place=grid.place.model_copy(update={"message": posted.id}))
        await self.grids.begin(grid)
        for cell, request in zip(grid.cells, plan.requests, strict=True):
            job = one.model_copy(update={"id": cell, "request": request, "place": grid.place})
            await self.records.accepted(job, None)
            self.ledger.put(Standing(job, State.WAITING, 1, 8, self.clock.now, None, None))
        return grid

    def job(self, cell: str) -> Job:
        return self.ledger.rows[cell].job

    async def end(self, cell: str, outcome: Outcome, picture: bytes | None = None) -> None:
        standing = Standing(self.job(cell), State.DELIVERED, 0, 0, self.clock.now, None, outcome)
        self.ledger.put(standing)
        await self.records.delivered(standing, Told(1, 2))
        if picture is not None:
            await self.library.keep_result(cell, picture)

    async def message(self) -> dict[str, Any]:
        _, message = await self.world.messages()
        return message

    async def said(self) -> str:
        return words(await self.message())

    def edits(self) -> int:
        return self.world.requests(PATCH, f"/channels/{self.world.channel}/messages/")


@pytest.fixture
async def house(world: Discord, ledger: Ledger, catalogue: Catalogue, tmp_path: Path) -> AsyncIterator[House]:
    records = Records(f"sqlite:///{tmp_path / 'records.db'}", catalogue=catalogue)
    await records.start()
    yield House(world, ledger, records, catalogue)
    await records.close()


async def ended(house: House, url: str) -> bool:
    (row,) = rows(url, grids)
    return row["ended_at"] is not None


async def test_the_sheet_fills_and_is_left_alone_once_all_have_ended(house: House, tmp_path: Path) -> None:
    grid = await house.begin()
    seen = []

    await house.watch.look()
    seen.append(await house.said())
    house.ledger.put(replace(house.ledger.rows[grid.cells[0]], state=State.RUNNING))
    await house.watch.look()
    seen.append(await house.said())
    for cell, seed in zip(grid.cells[:2], (11, 12), strict=True):
        await house.end(cell, made(seed), png())
    await house.end(grid.cells[2], Filtered(side=Side.OUTPUT, seconds=1))
    await house.watch.look()
    seen.append(await house.said())

    assert "0 of 3 are here · 3 wait" in seen[0]
    assert "0 of 3 are here · 2 wait · 1 is being painted" in seen[1]
    assert "2 of 3 are here · 1 was filtered" in seen[2]
    (sheet,) = await house.world.files(await house.message())
    assert sheet["filename"] == "sheet.jpg"
    assert await ended(house, f"sqlite:///{tmp_path / 'records.db'}")


async def test_nothing_is_edited_while_nothing_changes_and_a_new_bot_goes_on(house: House) -> None:
    grid = await house.begin()
    before = house.edits()

    for _ in range(3):
        await house.watch.look()
    once = house.edits() - before
    house.watch = house.started()
    await house.end(grid.cells[1], made(12), png())
    await house.watch.look()

    assert once == 1
    assert "1 of 3 is here · 2 wait" in await house.said()


async def test_a_cell_that_nobody_knows_of_is_waited_for_only_a_while(house: House) -> None:
    grid = await house.begin()
    del house.ledger.rows[grid.cells[0]]
    await house.records.refused(grid.cells[0], problem("internal"))

    await house.watch.look()
    early = await house.said()
    house.clock.now += GRACE + 1
    await house.watch.look()

    assert "3 wait" in early
    assert "2 wait · 1 was not made" in await house.said()


async def test_a_cell_that_the_queue_forgot_is_waited_for_while_its_record_is_open(house: House) -> None:
    grid = await house.begin()
    del house.ledger.rows[grid.cells[0]]

    house.clock.now += 2 * GRACE
    await house.watch.look()

    assert "3 wait" in await house.said()


async def test_a_picture_that_cannot_be_had_is_looked_for_some_rounds_and_then_gone(house: House) -> None:
    grid = await house.begin()
    await house.end(grid.cells[0], made(11))
    seen = []

    for _ in range(TRIES + 3):
        await house.watch.look()
        seen.append(await house.said())

    assert "2 wait · 1 is being painted" in seen[0]
    assert "2 wait · 1 is gone" in seen[-1]
    assert house.edits() == TRIES


async def test_a_message_that_is_gone_is_edited_no_more(house: House, tmp_path: Path) -> None:
    grid = await house.begin()
    await house.world.control("DELETE", f"messages/{grid.place.message}")

    await house.watch.look()

    assert await ended(house, f"sqlite:///{tmp_path / 'records.db'}")


async def test_a_fault_of_discords_passes(house: House) -> None:
    await house.begin()
    await house.world.fault("status:503", PATCH, "/messages/", times=1)

    await house.watch.look()
    await house.watch.look()

    assert "3 wait" in await house.said()


async def test_the_answers_of_cells_leave_the_message_alone(house: House) -> None:
    grid = await house.begin()
    deliver = Deliver(house.world.client, house.ledger, house.catalogue, records=house.records, patience=(0.05,) * 40)
    for cell, seed in zip(grid.cells, (11, 12, 13), strict=True):
        house.ledger.finish(house.job(cell), made(seed), png())
    async with at_work(deliver.run):
        for cell in grid.cells:
            await house.ledger.when_told(house.job(cell))

    posted = await house.world.messages(grid.place.message)
    assert house.edits() == 0
    assert [{part.get("id") for part in message["components"]} for message in posted] == [
        {mark(cell)} for cell in grid.cells
    ]
