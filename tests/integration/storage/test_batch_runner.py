"""Running batches with a real Redis: a few jobs at a time, in turns, and every refusal of the queue."""

import random
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis

from bot.batches.runner import MAX_OPEN_ITEMS, PLACE_SECONDS, RECHECK_SECONDS, RETRY_SECONDS, BatchRunner
from bot.domain.batches import BatchPlace, BatchState, ItemState
from bot.domain.blocks import Block
from bot.domain.guild_settings import GuildQueueState, GuildSettings
from bot.domain.messages import MessageRef
from bot.domain.status import JobStatus
from bot.queue.connection import connect_to_redis
from bot.queue.epoch import RedisQueueEpoch
from bot.queue.job_queue import RedisJobQueue
from bot.queue.limits import Limits, ScopeLimits
from bot.recovery.reconciler import Reconciler
from bot.storage.batch_jobs import SqlBatchJobStore
from bot.storage.batches import SqlBatchStore
from bot.storage.blocks import SqlBlockStore
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.images import SqlImageStore
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import ledger_entries
from shared.catalogue import Catalogue
from shared.problems import make_problem
from shared.queue.chunks import join_chunks
from shared.queue.keys import DEFAULT_KEYS
from tests.support.batches import BATCH_ID, IMAGE, IMAGE_SHA256, make_batch, make_items
from tests.support.builders import ADA_ID, Clock, make_finished_status, read_rows
from tests.support.database import execute_sql
from tests.support.redis_queue import send_no_ticket

OTHER_ID = "1300000000000000778"


class RunnerHarness:
    """A leading bot with its queue, database and clock."""

    def __init__(
        self,
        url: str,
        database: Database,
        job_store: SqlJobStore,
        queue: RedisJobQueue,
        epoch: RedisQueueEpoch,
        catalogue: Catalogue,
        clock: Clock,
    ) -> None:
        self.client = redis.Redis.from_url(url)
        self.job_store = job_store
        self.queue = queue
        self.epoch = epoch
        self.clock = clock
        self.batches = SqlBatchStore(database, catalogue=catalogue, clock=clock)
        self.blocks = SqlBlockStore(database, clock)
        self.runner = BatchRunner(
            self.batches,
            SqlBatchJobStore(database, clock),
            job_store,
            queue,
            SqlGuildSettingsStore(database),
            self.blocks,
            catalogue,
            random.Random(7),
            clock,
        )

    async def start_batch(
        self, count: int, batch_id: str = BATCH_ID, *, has_images: bool = True, thread_id: int | None = 7
    ) -> None:
        sha256 = IMAGE_SHA256 if has_images else None
        batch = make_batch(batch_id, place=BatchPlace(1, 2, thread_id, thread_id))
        assert await self.batches.add_draft(batch, make_items(count, batch_id, image_sha256=sha256))
        await self.batches.add_image(batch_id, IMAGE_SHA256, "castle.png", IMAGE)
        await self.batches.start(batch_id)

    async def list_numbers(self, state: ItemState, batch_id: str = BATCH_ID) -> list[int]:
        return [item.number for item in await self.batches.list_items(batch_id, states={state})]

    def list_open_jobs(self) -> list[str]:
        members: Any = self.client.zrange(DEFAULT_KEYS.open_jobs, 0, -1)
        return [member.decode() for member in members]

    async def end_job(self, job_id: str) -> None:
        """Let a job end as if a worker had generated it and the bot had delivered it."""
        (status,) = await self.queue.load_statuses([job_id])
        await self.job_store.mark_delivered(make_finished_status(status.job), None, b"a result")
        self.client.zrem(DEFAULT_KEYS.open_jobs, job_id)

    async def get_state(self) -> BatchState:
        batch = await self.batches.find_batch(BATCH_ID)
        assert batch is not None
        return batch.state

    async def is_due_after(self, seconds: float) -> bool:
        self.clock.now += seconds
        return bool(await self.batches.list_due_batches(1))


@pytest.fixture
def database_url(tmp_path: Path, migrated_sqlite_file: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated_sqlite_file, tmp_path)}"


@pytest.fixture
async def harness(
    redis_url: str, database: Database, job_store: SqlJobStore, catalogue: Catalogue, clock: Clock
) -> AsyncIterator[RunnerHarness]:
    limits = Limits(user=ScopeLimits(max_open=100))
    connection = connect_to_redis(redis_url)
    queue = RedisJobQueue(connection, catalogue=catalogue, build_ticket=send_no_ticket, limits=limits)
    opened = RunnerHarness(redis_url, database, job_store, queue, RedisQueueEpoch(connection), catalogue, clock)
    yield opened
    opened.client.close()
    await queue.close()


async def test_few_items_are_open_at_a_time_and_the_end_of_one_starts_the_next(harness: RunnerHarness) -> None:
    await harness.start_batch(MAX_OPEN_ITEMS + 4)

    for _ in range(3):
        await harness.runner.advance_due_batches()

    first = [f"{BATCH_ID}-{number:03}" for number in range(1, MAX_OPEN_ITEMS + 1)]
    assert harness.list_open_jobs() == first
    assert await harness.list_numbers(ItemState.QUEUED) == list(range(1, MAX_OPEN_ITEMS + 1))
    assert harness.client.exists(DEFAULT_KEYS.upload_key(first[0]))
    assert not await harness.is_due_after(RECHECK_SECONDS - 1)

    await harness.end_job(first[4])
    assert await harness.is_due_after(0)
    await harness.runner.advance_due_batches()

    assert harness.list_open_jobs()[-1] == f"{BATCH_ID}-{MAX_OPEN_ITEMS + 1:03}"
    (status,) = await harness.queue.load_statuses([first[0]])
    assert status.job.seed is not None
    assert status.job.batch is not None
    assert (status.job.batch.batch_id, status.job.batch.item_number) == (BATCH_ID, 1)
    assert not status.job.has_status_message
    assert (status.job.origin.channel_id, status.job.origin.message_id) == (2, 7)


async def test_a_batch_waits_a_while_for_its_thread(harness: RunnerHarness) -> None:
    await harness.start_batch(1, thread_id=None)
    harness.clock.now += PLACE_SECONDS - 1
    await harness.runner.advance_due_batches()
    assert harness.list_open_jobs() == []

    assert await harness.is_due_after(1)
    await harness.runner.advance_due_batches()

    assert len(harness.list_open_jobs()) == 1


async def test_batches_take_turns(harness: RunnerHarness) -> None:
    await harness.start_batch(3, has_images=False)
    await harness.start_batch(3, OTHER_ID, has_images=False)

    await harness.runner.advance_due_batches()

    turns = [f"{batch_id}-{number:03}" for number in (1, 2, 3) for batch_id in (BATCH_ID, OTHER_ID)]
    assert harness.list_open_jobs() == turns


async def test_an_item_that_the_queue_has_no_room_for_waits(harness: RunnerHarness) -> None:
    await harness.start_batch(2)
    key = DEFAULT_KEYS.disabled_model_key(make_items(1)[0].request.model)
    until = harness.clock.now + 600
    harness.client.set(key, make_problem("model_gone", model="SD", until=until).model_dump_json(), ex=600)

    await harness.runner.advance_due_batches()

    assert await harness.list_numbers(ItemState.PENDING) == [1, 2]
    assert harness.list_open_jobs() == []
    assert not await harness.is_due_after(RETRY_SECONDS - 1)
    assert await harness.is_due_after(1)
    harness.client.delete(key)
    await harness.runner.advance_due_batches()
    assert await harness.list_numbers(ItemState.QUEUED) == [1, 2]


async def test_an_item_that_can_never_be_made_fails_and_the_others_go_on(
    harness: RunnerHarness, database_url: str
) -> None:
    await harness.start_batch(3)
    execute_sql(database_url, "UPDATE batch_items SET image_sha256 = 'gone' WHERE number = 1")
    execute_sql(
        database_url,
        "UPDATE batch_items SET request_json = replace(request_json, '\"sd3.5-large\"', '\"left\"') WHERE number = 2",
    )

    await harness.runner.advance_due_batches()

    failed = await harness.batches.list_items(BATCH_ID, states={ItemState.FAILED})
    assert [item.problem and item.problem.code for item in failed] == ["source_expired", "model_unknown"]
    assert await harness.list_numbers(ItemState.QUEUED) == [3]


async def test_a_cancelled_batch_takes_its_jobs_out_of_the_queue(harness: RunnerHarness) -> None:
    await harness.start_batch(MAX_OPEN_ITEMS + 2)
    await harness.runner.advance_due_batches()
    await harness.batches.cancel_rest(BATCH_ID)

    await harness.runner.advance_due_batches()

    statuses = await harness.queue.load_statuses([f"{BATCH_ID}-{number:03}" for number in range(1, MAX_OPEN_ITEMS + 1)])
    assert {status.outcome and status.outcome.kind for status in statuses} == {"failed"}
    for status in statuses:
        await harness.job_store.mark_delivered(status, None)
    assert await harness.get_state() is BatchState.CANCELLED
    assert not await harness.is_due_after(RECHECK_SECONDS)


@pytest.mark.parametrize("queue_state", [GuildQueueState.PAUSED, GuildQueueState.DRAINING])
async def test_nothing_starts_while_the_queue_of_the_server_is_closed(
    harness: RunnerHarness, database: Database, queue_state: GuildQueueState
) -> None:
    await harness.start_batch(2)
    closed = GuildSettings(queue_state=queue_state)
    await SqlGuildSettingsStore(database).change_settings(1, ADA_ID, GuildSettings(), closed)

    await harness.runner.advance_due_batches()

    assert await harness.list_numbers(ItemState.PENDING) == [1, 2]
    assert not await harness.is_due_after(RECHECK_SECONDS - 1)


async def test_the_batch_of_a_blocked_member_is_paused(harness: RunnerHarness) -> None:
    await harness.start_batch(2)
    await harness.blocks.save_block(1, Block(ADA_ID, "spam", None))

    await harness.runner.advance_due_batches()

    assert await harness.get_state() is BatchState.PAUSED
    assert harness.list_open_jobs() == []


class StoringDelivery:
    """Stores outcomes of items, as the consumer does."""

    def __init__(self, job_store: SqlJobStore) -> None:
        self.job_store = job_store

    async def deliver_outcome(self, status: JobStatus) -> MessageRef | None:
        await self.job_store.mark_delivered(status, None)
        return None

    async def find_outcome_message(self, status: JobStatus) -> MessageRef | None:
        del status
        return None


async def refuse_download(image: object) -> bytes:
    raise AssertionError(f"nothing is to be downloaded: {image}")


async def test_an_item_that_redis_lost_is_queued_again_with_its_picture_and_fails_when_it_is_lost_again(
    harness: RunnerHarness, database: Database
) -> None:
    await harness.start_batch(1)
    await harness.runner.advance_due_batches()
    (job_id,) = harness.list_open_jobs()
    images = SqlImageStore(database)
    delivery = StoringDelivery(harness.job_store)
    reconciler = Reconciler(
        harness.job_store,
        harness.queue,
        delivery,
        refuse_download,
        harness.epoch.has_kept_jobs_since,
        load_stored_image=images.load_upload,
    )

    harness.client.flushall()
    await reconciler.run_once()
    assert harness.list_open_jobs() == [job_id]
    upload: Any = harness.client.lrange(DEFAULT_KEYS.upload_key(job_id), 0, -1)
    assert join_chunks(upload) == IMAGE
    harness.client.flushall()
    await reconciler.run_once()

    (item,) = await harness.batches.list_items(BATCH_ID)
    assert (item.state, item.problem) == (ItemState.FAILED, make_problem("interrupted"))
    assert await harness.get_state() is BatchState.DONE
    await harness.batches.retry_failed(BATCH_ID)
    await harness.runner.advance_due_batches()
    assert harness.list_open_jobs() == [(await harness.batches.list_items(BATCH_ID))[0].job_id]


async def test_items_that_another_release_wrote_fail_or_are_cancelled(
    harness: RunnerHarness, database_url: str
) -> None:
    await harness.start_batch(MAX_OPEN_ITEMS + 3)
    spoil = "UPDATE batch_items SET request_json = '{}' WHERE number IN (1, :last)"
    execute_sql(database_url, spoil, last=MAX_OPEN_ITEMS + 3)

    for _ in range(2):
        await harness.runner.advance_due_batches()
    await harness.batches.cancel_rest(BATCH_ID)

    counts = await harness.batches.count_items(BATCH_ID)
    expected = {ItemState.FAILED: 1, ItemState.QUEUED: MAX_OPEN_ITEMS, ItemState.CANCELLED: 2}
    assert counts.by_state == expected
    assert sum(row["reserved"] for row in read_rows(database_url, ledger_entries)) == counts.reserved


async def test_an_item_whose_record_is_unreadable_fails_in_words(harness: RunnerHarness, database_url: str) -> None:
    await harness.start_batch(1)
    await harness.runner.advance_due_batches()
    execute_sql(database_url, "UPDATE jobs SET job_json = replace(job_json, 'text_prompts', 'texts')")
    harness.client.flushall()
    delivery = StoringDelivery(harness.job_store)

    await Reconciler(
        harness.job_store, harness.queue, delivery, refuse_download, harness.epoch.has_kept_jobs_since
    ).run_once()

    (item,) = await harness.batches.list_items(BATCH_ID)
    assert (item.state, item.problem) == (ItemState.FAILED, make_problem("unreadable"))
