"""The message of an exploration shows its variants as they finish, and is edited no more than needed."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.domain.exploration import Exploration, ExplorationPlan, Variation
from bot.domain.guild_settings import GuildSettings
from bot.domain.messages import MessageRef
from bot.domain.records import JobRecord
from bot.domain.status import JobStatus, QueueState
from bot.explorations.message import render_exploration
from bot.explorations.message_updater import GRACE_SECONDS, MAX_THUMBNAIL_ATTEMPTS, ExplorationMessages
from bot.explorations.view import VariantState
from bot.rendering.outcome_views import compute_component_id
from bot.results.images import ResultImageLoader
from bot.results.thumbnails import ThumbnailLoader
from bot.storage.explorations import SqlExplorationStore
from bot.storage.images import SqlImageStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import explorations
from bot.storage.thumbnails import SqlThumbnailStore
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import Filtered, FilteredPart, Outcome
from shared.problems import make_problem
from tests.support.builders import Clock, read_rows
from tests.support.delivery import FakeOutcomeStream, make_consumer
from tests.support.discord_channel import DiscordChannel, make_generated, read_text, run_in_background
from tests.support.fake_stores import FakeGuildSettingsStore
from tests.support.images import make_png
from tests.support.user import list_custom_ids

PATCH = "PATCH"


class ExplorationHarness:
    """An exploration of three seeds: its database, its queue, and the updater of its message."""

    def __init__(
        self,
        discord_channel: DiscordChannel,
        outcome_stream: FakeOutcomeStream,
        database: Database,
        catalogue: Catalogue,
    ) -> None:
        self.discord, self.stream = discord_channel, outcome_stream
        self.database, self.catalogue = database, catalogue
        self.job_store = SqlJobStore(database, catalogue=catalogue)
        self.image_store = SqlImageStore(database)
        self.explorations = SqlExplorationStore(database)
        self.clock = Clock()
        self.clock.now = time.time()
        self.guild_settings = FakeGuildSettingsStore(GuildSettings())
        self.updater = self.start_updater()

    def start_updater(self) -> ExplorationMessages:
        """Build the updater as a bot that starts now."""
        thumbnailer = ThumbnailLoader(
            ResultImageLoader(self.image_store, self._refuse_download, self._find_no_message),
            SqlThumbnailStore(self.database),
        )
        return ExplorationMessages(
            self.discord.client,
            self.stream,
            self.explorations,
            thumbnailer,
            self.catalogue,
            self.guild_settings,
            clock=self.clock,
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
        exploration = Exploration(one.id, plan, one.requester, self.clock.now, one.origin)
        view = render_exploration(exploration, [VariantState.QUEUED] * 3, self.catalogue, has_contact_sheet=False)
        posted = await self.discord.client.get_partial_messageable(self.discord.channel_id).send(view=view)
        exploration = replace(exploration, origin=exploration.origin.model_copy(update={"message_id": posted.id}))
        await self.explorations.add_exploration(exploration)
        for variant_id, request in zip(exploration.variant_ids, plan.requests, strict=True):
            job = one.model_copy(update={"id": variant_id, "request": request, "origin": exploration.origin})
            await self.job_store.add_jobs([job], None)
            self.stream.put_status(JobStatus(job, QueueState.QUEUED, 1, 8, self.clock.now, None, None))
        return exploration

    def get_job(self, variant_id: str) -> Job:
        return self.stream.statuses[variant_id].job

    async def finish_variant(self, variant_id: str, outcome: Outcome, picture: bytes | None = None) -> None:
        status = JobStatus(self.get_job(variant_id), QueueState.DELIVERED, 0, 0, self.clock.now, None, outcome)
        self.stream.put_status(status)
        await self.job_store.mark_delivered(status, MessageRef(1, 2))
        if picture is not None:
            await self.image_store.save_undelivered_image(variant_id, picture)

    async def read_message(self) -> dict[str, Any]:
        _, message = await self.discord.list_messages()
        return message

    async def read_text(self) -> str:
        return read_text(await self.read_message())

    def count_edits(self) -> int:
        return self.discord.count_requests(PATCH, f"/channels/{self.discord.channel_id}/messages/")


@pytest.fixture
async def harness(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue, tmp_path: Path
) -> AsyncIterator[ExplorationHarness]:
    database = Database(f"sqlite:///{tmp_path / 'records.db'}")
    await database.migrate()
    yield ExplorationHarness(discord_channel, outcome_stream, database, catalogue)
    await database.close()


async def has_ended(harness: ExplorationHarness, url: str) -> bool:
    (row,) = read_rows(url, explorations)
    return row["ended_at"] is not None


async def test_the_message_says_why_variants_do_not_start_until_they_do(harness: ExplorationHarness) -> None:
    exploration = await harness.start_exploration()
    texts = []

    for changes in ({"has_worker": False}, {"is_model_paused": True}, {"state": QueueState.RUNNING}):
        for variant_id in exploration.variant_ids:
            queued = replace(harness.stream.statuses[variant_id], state=QueueState.QUEUED, has_worker=True)
            harness.stream.put_status(replace(queued, **changes))
        await harness.updater.refresh_messages()
        await harness.updater.refresh_messages()
        texts.append(await harness.read_text())

    obstacles = ("the part of the bot that makes pictures isn't running", "isn't responding right now")
    counts = [[text.count(obstacle) for obstacle in obstacles] for text in texts]
    assert counts == [[1, 0], [0, 1], [0, 0]]
    assert harness.count_edits() == 3


async def test_the_contact_sheet_fills_and_the_exploration_ends_with_its_last_variant(
    harness: ExplorationHarness, tmp_path: Path
) -> None:
    exploration = await harness.start_exploration()
    texts = []

    await harness.updater.refresh_messages()
    texts.append(await harness.read_text())
    harness.stream.put_status(replace(harness.stream.statuses[exploration.variant_ids[0]], state=QueueState.RUNNING))
    await harness.updater.refresh_messages()
    texts.append(await harness.read_text())
    for variant_id, seed in zip(exploration.variant_ids[:2], (11, 12), strict=True):
        await harness.finish_variant(variant_id, make_generated(seed), make_png())
    await harness.finish_variant(exploration.variant_ids[2], Filtered(part=FilteredPart.OUTPUT, duration_seconds=1))
    await harness.updater.refresh_messages()
    texts.append(await harness.read_text())

    assert "0 of 3 done · 3 waiting" in texts[0]
    assert "0 of 3 done · 2 waiting · 1 in progress" in texts[1]
    assert "2 of 3 done · 1 filtered" in texts[2]
    (sheet,) = await harness.discord.list_files(await harness.read_message())
    assert sheet["filename"] == "sheet.jpg"
    assert await has_ended(harness, f"sqlite:///{tmp_path / 'records.db'}")


@pytest.mark.parametrize(
    ("settings", "rows"),
    [
        (GuildSettings(), {"variant_show", "upscale_at_once", "vary", "exploration_cancel"}),
        (GuildSettings(tasks=frozenset({"generate"})), {"variant_show", "vary", "exploration_cancel"}),
    ],
)
async def test_the_buttons_below_variants_are_those_that_the_server_offers(
    harness: ExplorationHarness, settings: GuildSettings, rows: set[str]
) -> None:
    harness.guild_settings.settings = settings
    exploration = await harness.start_exploration()

    await harness.finish_variant(exploration.variant_ids[0], make_generated(11), make_png())
    await harness.updater.refresh_messages()

    assert {custom_id.split(":")[0] for custom_id in list_custom_ids(await harness.read_message())} == rows


async def test_nothing_is_edited_while_nothing_changes_and_a_new_bot_continues(harness: ExplorationHarness) -> None:
    exploration = await harness.start_exploration()
    before = harness.count_edits()

    for _ in range(3):
        await harness.updater.refresh_messages()
    once = harness.count_edits() - before
    harness.updater = harness.start_updater()
    await harness.finish_variant(exploration.variant_ids[1], make_generated(12), make_png())
    await harness.updater.refresh_messages()

    assert once == 1
    assert "1 of 3 done · 2 waiting" in await harness.read_text()


async def test_an_unknown_variant_is_waited_for_during_the_grace_period_only(harness: ExplorationHarness) -> None:
    exploration = await harness.start_exploration()
    del harness.stream.statuses[exploration.variant_ids[0]]
    await harness.job_store.mark_rejected(exploration.variant_ids[0], make_problem("internal"))

    await harness.updater.refresh_messages()
    early = await harness.read_text()
    harness.clock.now += GRACE_SECONDS + 1
    await harness.updater.refresh_messages()

    assert "3 wait" in early
    assert "2 waiting · 1 failed" in await harness.read_text()


async def test_a_variant_that_the_queue_lost_is_waited_for_while_its_record_is_open(
    harness: ExplorationHarness,
) -> None:
    exploration = await harness.start_exploration()
    del harness.stream.statuses[exploration.variant_ids[0]]

    harness.clock.now += 2 * GRACE_SECONDS
    await harness.updater.refresh_messages()

    assert "3 wait" in await harness.read_text()


async def test_a_picture_that_cannot_be_loaded_is_retried_for_some_rounds_and_then_shown_as_gone(
    harness: ExplorationHarness,
) -> None:
    exploration = await harness.start_exploration()
    await harness.finish_variant(exploration.variant_ids[0], make_generated(11))
    texts = []

    for _ in range(MAX_THUMBNAIL_ATTEMPTS + 3):
        await harness.updater.refresh_messages()
        texts.append(await harness.read_text())

    assert "2 waiting · 1 in progress" in texts[0]
    assert "2 waiting · 1 not available" in texts[-1]
    assert harness.count_edits() == MAX_THUMBNAIL_ATTEMPTS


async def test_a_variant_that_is_deleted_later_leaves_the_sheet_and_the_last_one_takes_the_prompt_along(
    harness: ExplorationHarness,
) -> None:
    exploration = await harness.start_exploration()
    for variant_id, seed in zip(exploration.variant_ids, (11, 12, 13), strict=True):
        await harness.finish_variant(variant_id, make_generated(seed), make_png())
    await harness.updater.refresh_messages()
    history, texts = SqlJobHistory(harness.database), [await harness.read_text()]

    for variant_id in exploration.variant_ids:
        await history.mark_result_deleted(variant_id)
        await harness.updater.refresh_messages()
        texts.append(await harness.read_text())

    prompt = exploration.plan.requests[0].text_prompts[0].text
    assert [prompt in text for text in texts] == [True, True, True, False]
    assert "1 not available" in texts[1]
    assert not await harness.explorations.list_open_explorations()


async def test_a_deleted_message_is_not_edited_again(harness: ExplorationHarness, tmp_path: Path) -> None:
    exploration = await harness.start_exploration()
    await harness.discord.call_control("DELETE", f"messages/{exploration.origin.message_id}")

    await harness.updater.refresh_messages()

    assert await has_ended(harness, f"sqlite:///{tmp_path / 'records.db'}")


async def test_an_edit_that_failed_is_repeated_in_the_next_round(harness: ExplorationHarness) -> None:
    await harness.start_exploration()
    await harness.discord.inject_fault("status:503", PATCH, "/messages/", times=1)

    await harness.updater.refresh_messages()
    await harness.updater.refresh_messages()

    assert "3 wait" in await harness.read_text()


async def test_delivering_the_variants_does_not_edit_the_message(harness: ExplorationHarness) -> None:
    exploration = await harness.start_exploration()
    consumer = make_consumer(harness.discord.client, harness.stream, harness.catalogue, store=harness.job_store)
    for variant_id, seed in zip(exploration.variant_ids, (11, 12, 13), strict=True):
        harness.stream.finish_job(harness.get_job(variant_id), make_generated(seed), make_png())
    async with run_in_background(consumer.run):
        for variant_id in exploration.variant_ids:
            await harness.stream.wait_until_delivered(harness.get_job(variant_id))

    posted = await harness.discord.list_messages(exploration.origin.message_id)
    assert harness.count_edits() == 0
    assert [{part.get("id") for part in message["components"]} for message in posted] == [
        {compute_component_id(variant_id)} for variant_id in exploration.variant_ids
    ]
