"""The message of an exploration fills as its cells come in, and is edited no more than needed."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.delivery import OutcomeConsumer
from bot.domain.exploration import Exploration, ExplorationPlan, Variation
from bot.domain.messages import MessageRef
from bot.domain.records import JobRecord
from bot.domain.status import JobStatus, QueueState
from bot.features.explore.message import render_exploration
from bot.features.explore.message_updater import GRACE_SECONDS, MAX_PICTURE_ATTEMPTS, ExplorationMessages
from bot.features.explore.store import SqlExplorationStore
from bot.features.explore.view import VariantState
from bot.rendering.outcome_views import compute_component_id
from bot.results.images import ResultImageLoader
from bot.results.thumbnails import ThumbnailLoader
from bot.storage.images import SqlImageStore
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import explorations
from bot.storage.thumbnails import SqlThumbnailStore
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import Filtered, FilteredPart, Outcome
from shared.problems import make_problem
from tests.integration.discord.delivery.test_delivery import make_png
from tests.support.builders import Clock, read_rows
from tests.support.discord_channel import (
    DiscordChannel,
    FakeOutcomeStream,
    make_generated,
    read_text,
    run_in_background,
)

PATCH = "PATCH"


class ExplorationHarness:
    """An exploration of three seeds, its records and the queue, and what looks after its message."""

    def __init__(
        self, world: DiscordChannel, ledger: FakeOutcomeStream, database: Database, catalogue: Catalogue
    ) -> None:
        self.discord, self.stream, self.database, self.catalogue = world, ledger, database, catalogue
        self.job_store = SqlJobStore(database, catalogue=catalogue)
        self.image_store = SqlImageStore(database)
        self.explorations = SqlExplorationStore(database)
        self.clock = Clock()
        self.clock.now = time.time()
        self.watcher = self.start_watcher()

    def start_watcher(self) -> ExplorationMessages:
        """What looks after the message in a bot that starts now."""
        thumbnailer = ThumbnailLoader(
            ResultImageLoader(self.image_store, self._refuse_download, self._find_no_message),
            SqlThumbnailStore(self.database),
        )
        return ExplorationMessages(
            self.discord.client, self.stream, self.explorations, thumbnailer, self.catalogue, clock=self.clock
        )

    async def _find_no_message(self, client: discord.Client, record: JobRecord) -> None:
        return None

    async def _refuse_download(self, source: object) -> bytes:
        raise AssertionError(f"{source} is not to be fetched")

    async def start_exploration(self) -> Exploration:
        one = await self.discord.submit_job()
        plan = ExplorationPlan(
            Variation.SEEDS, tuple(one.request.model_copy(update={"seed": seed}) for seed in (11, 12, 13))
        )
        grid = Exploration(one.id, plan, one.requester, self.clock.now, one.origin)
        view = render_exploration(grid, [VariantState.QUEUED] * 3, self.catalogue, has_contact_sheet=False)
        posted = await self.discord.client.get_partial_messageable(self.discord.channel_id).send(view=view)
        grid = replace(grid, origin=grid.origin.model_copy(update={"message_id": posted.id}))
        await self.explorations.add_exploration(grid)
        for cell, request in zip(grid.variant_ids, plan.requests, strict=True):
            job = one.model_copy(update={"id": cell, "request": request, "origin": grid.origin})
            await self.job_store.add_job(job, None)
            self.stream.put_status(JobStatus(job, QueueState.QUEUED, 1, 8, self.clock.now, None, None))
        return grid

    def get_job(self, cell: str) -> Job:
        return self.stream.statuses[cell].job

    async def finish_variant(self, cell: str, outcome: Outcome, picture: bytes | None = None) -> None:
        standing = JobStatus(self.get_job(cell), QueueState.DELIVERED, 0, 0, self.clock.now, None, outcome)
        self.stream.put_status(standing)
        await self.job_store.mark_delivered(standing, MessageRef(1, 2))
        if picture is not None:
            await self.image_store.save_undelivered_image(cell, picture)

    async def read_message(self) -> dict[str, Any]:
        _, message = await self.discord.list_messages()
        return message

    async def read_text(self) -> str:
        return read_text(await self.read_message())

    def count_edits(self) -> int:
        return self.discord.count_requests(PATCH, f"/channels/{self.discord.channel_id}/messages/")


@pytest.fixture
async def house(
    world: DiscordChannel, ledger: FakeOutcomeStream, catalogue: Catalogue, tmp_path: Path
) -> AsyncIterator[ExplorationHarness]:
    database = Database(f"sqlite:///{tmp_path / 'records.db'}")
    await database.migrate()
    yield ExplorationHarness(world, ledger, database, catalogue)
    await database.close()


async def has_ended(house: ExplorationHarness, url: str) -> bool:
    (row,) = read_rows(url, explorations)
    return row["ended_at"] is not None


async def test_the_contact_sheet_fills_and_is_left_alone_once_all_have_ended(
    house: ExplorationHarness, tmp_path: Path
) -> None:
    grid = await house.start_exploration()
    seen = []

    await house.watcher.refresh_messages()
    seen.append(await house.read_text())
    house.stream.put_status(replace(house.stream.statuses[grid.variant_ids[0]], state=QueueState.RUNNING))
    await house.watcher.refresh_messages()
    seen.append(await house.read_text())
    for cell, seed in zip(grid.variant_ids[:2], (11, 12), strict=True):
        await house.finish_variant(cell, make_generated(seed), make_png())
    await house.finish_variant(grid.variant_ids[2], Filtered(part=FilteredPart.OUTPUT, duration_seconds=1))
    await house.watcher.refresh_messages()
    seen.append(await house.read_text())

    assert "0 of 3 are here · 3 wait" in seen[0]
    assert "0 of 3 are here · 2 wait · 1 is being painted" in seen[1]
    assert "2 of 3 are here · 1 was filtered" in seen[2]
    (sheet,) = await house.discord.list_files(await house.read_message())
    assert sheet["filename"] == "sheet.jpg"
    assert await has_ended(house, f"sqlite:///{tmp_path / 'records.db'}")


async def test_nothing_is_edited_while_nothing_changes_and_a_new_bot_goes_on(house: ExplorationHarness) -> None:
    grid = await house.start_exploration()
    before = house.count_edits()

    for _ in range(3):
        await house.watcher.refresh_messages()
    once = house.count_edits() - before
    house.watcher = house.start_watcher()
    await house.finish_variant(grid.variant_ids[1], make_generated(12), make_png())
    await house.watcher.refresh_messages()

    assert once == 1
    assert "1 of 3 is here · 2 wait" in await house.read_text()


async def test_a_variant_that_nobody_knows_of_is_waited_for_only_a_while(house: ExplorationHarness) -> None:
    grid = await house.start_exploration()
    del house.stream.statuses[grid.variant_ids[0]]
    await house.job_store.mark_rejected(grid.variant_ids[0], make_problem("internal"))

    await house.watcher.refresh_messages()
    early = await house.read_text()
    house.clock.now += GRACE_SECONDS + 1
    await house.watcher.refresh_messages()

    assert "3 wait" in early
    assert "2 wait · 1 was not made" in await house.read_text()


async def test_a_variant_that_the_queue_forgot_is_waited_for_while_its_record_is_open(
    house: ExplorationHarness,
) -> None:
    grid = await house.start_exploration()
    del house.stream.statuses[grid.variant_ids[0]]

    house.clock.now += 2 * GRACE_SECONDS
    await house.watcher.refresh_messages()

    assert "3 wait" in await house.read_text()


async def test_a_picture_that_cannot_be_had_is_looked_for_some_rounds_and_then_gone(house: ExplorationHarness) -> None:
    grid = await house.start_exploration()
    await house.finish_variant(grid.variant_ids[0], make_generated(11))
    seen = []

    for _ in range(MAX_PICTURE_ATTEMPTS + 3):
        await house.watcher.refresh_messages()
        seen.append(await house.read_text())

    assert "2 wait · 1 is being painted" in seen[0]
    assert "2 wait · 1 is gone" in seen[-1]
    assert house.count_edits() == MAX_PICTURE_ATTEMPTS


async def test_a_message_that_is_gone_is_edited_no_more(house: ExplorationHarness, tmp_path: Path) -> None:
    grid = await house.start_exploration()
    await house.discord.call_control("DELETE", f"messages/{grid.origin.message_id}")

    await house.watcher.refresh_messages()

    assert await has_ended(house, f"sqlite:///{tmp_path / 'records.db'}")


async def test_a_fault_of_discords_passes(house: ExplorationHarness) -> None:
    await house.start_exploration()
    await house.discord.inject_fault("status:503", PATCH, "/messages/", times=1)

    await house.watcher.refresh_messages()
    await house.watcher.refresh_messages()

    assert "3 wait" in await house.read_text()


async def test_the_results_of_variants_leave_the_message_alone(house: ExplorationHarness) -> None:
    grid = await house.start_exploration()
    deliver = OutcomeConsumer(
        house.discord.client, house.stream, house.catalogue, store=house.job_store, retry_delays=(0.05,) * 40
    )
    for cell, seed in zip(grid.variant_ids, (11, 12, 13), strict=True):
        house.stream.finish_job(house.get_job(cell), make_generated(seed), make_png())
    async with run_in_background(deliver.run):
        for cell in grid.variant_ids:
            await house.stream.wait_until_delivered(house.get_job(cell))

    posted = await house.discord.list_messages(grid.origin.message_id)
    assert house.count_edits() == 0
    assert [{part.get("id") for part in message["components"]} for message in posted] == [
        {compute_component_id(cell)} for cell in grid.variant_ids
    ]
