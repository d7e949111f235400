"""Reconciling the database with a real Redis that lost its data."""

import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import redis
from sqlalchemy import update

from bot.domain.errors import QueueResultUnknownError
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.messages import MessageRef
from bot.domain.records import ClosedRecord
from bot.domain.status import JobStatus, QueueState
from bot.queue.connection import QueueRedis, connect_to_redis
from bot.queue.epoch import CLOCK_DIFFERENCE_SECONDS, RedisQueueEpoch
from bot.queue.job_queue import RedisJobQueue
from bot.recovery.reconciler import ENQUEUE_GRACE_SECONDS, Reconciler
from bot.storage.images import SqlImageStore
from bot.storage.jobs import SqlJobStore
from bot.storage.tables import jobs, outcomes, queue_entries
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import Failed
from shared.problems import Problem, RejectedError, make_problem
from shared.queue.chunks import join_chunks
from shared.queue.keys import DEFAULT_KEYS
from shared.request.bundles import pack_pictures
from shared.request.pictures import Pictures
from tests.support.builders import EXPIRES_AT, GENERATED, NOON, SOURCE, Clock, make_finished_status, make_job, read_rows
from tests.support.redis_queue import send_no_ticket

IMAGE = b"bytes of a picture"


class FakeOutcomeDelivery:
    """An `OutcomeDelivery` without Discord. `posted_messages` are messages whose records were lost."""

    def __init__(self, job_store: SqlJobStore) -> None:
        self.job_store = job_store
        self.sent_problems: list[tuple[str, Problem]] = []
        self.posted_messages: dict[str, MessageRef] = {}
        self.error: Exception | None = None

    async def deliver_outcome(self, status: JobStatus) -> MessageRef:
        if self.error is not None:
            raise self.error
        assert isinstance(status.outcome, Failed)
        self.sent_problems.append((status.job.id, status.outcome.problem))
        message = MessageRef(status.job.origin.message_id, 55)
        await self.job_store.mark_delivered(status, message)
        return message

    async def find_outcome_message(self, status: JobStatus) -> MessageRef | None:
        return self.posted_messages.get(status.job.id)


class ReconcilerHarness:
    """The queue, the database and the clock of a bot. `error` is raised by downloads."""

    def __init__(self, url: str, job_store: SqlJobStore, queue: RedisJobQueue, redis: QueueRedis, clock: Clock) -> None:
        self.url = url
        self.epoch = RedisQueueEpoch(redis)
        self.job_store = job_store
        self.queue = queue
        self.clock = clock
        self.sender = FakeOutcomeDelivery(job_store)
        self.fetched_images: list[RemoteImage] = []
        self.error: RejectedError | None = None
        self.reconciler = Reconciler(
            job_store, queue, self.sender, self.fetch_image, self.epoch.has_kept_jobs_since, clock=clock
        )

    async def fetch_image(self, image: RemoteImage) -> bytes:
        self.fetched_images.append(image)
        if self.error is not None:
            raise self.error
        return IMAGE

    async def submit_job(self, number: int, *, has_picture: bool = True, queued: bool = True) -> Job:
        """Record a job and, if `queued`, queue it, as the command does."""
        job = make_job(number, has_picture=has_picture, at=self.clock.now)
        await self.job_store.add_jobs([job], SOURCE if has_picture else None)
        if queued:
            await self.queue.enqueue_job(job, IMAGE if has_picture else None)
            await self.job_store.mark_queued(job.id, None)
        return job

    def flush_redis(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def read_job_field(self, job: Job, name: str) -> bytes | None:
        with redis.Redis.from_url(self.url) as client:
            found: bytes | None = client.hget(DEFAULT_KEYS.job_key(job.id), name)
            return found

    def read_source(self, job: Job) -> bytes | None:
        with redis.Redis.from_url(self.url) as client:
            return join_chunks(cast("list[bytes]", client.lrange(DEFAULT_KEYS.upload_key(job.id), 0, -1)))


@pytest.fixture
def database_url(tmp_path: Path, migrated_sqlite_file: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated_sqlite_file, tmp_path)}"


@pytest.fixture
async def harness(
    redis_url: str, job_store: SqlJobStore, catalogue: Catalogue, clock: Clock
) -> AsyncIterator[ReconcilerHarness]:
    connection = connect_to_redis(redis_url)
    queue = RedisJobQueue(connection, catalogue=catalogue, build_ticket=send_no_ticket)
    yield ReconcilerHarness(redis_url, job_store, queue, connection, clock)
    await queue.close()


async def test_a_job_that_redis_has_is_left_alone(harness: ReconcilerHarness) -> None:
    job = await harness.submit_job(1)
    harness.clock.now += 10 * ENQUEUE_GRACE_SECONDS

    await harness.reconciler.run_once()

    assert (harness.fetched_images, harness.sender.sent_problems) == ([], [])
    assert harness.read_job_field(job, "unknown_calls") == b"0"


async def test_a_lost_job_is_queued_again_with_its_id_seed_picture_and_thread(harness: ReconcilerHarness) -> None:
    job = await harness.submit_job(1)
    await harness.queue.set_thread(job.id, job.origin.message_id)
    await harness.reconciler.run_once()
    harness.flush_redis()

    await harness.reconciler.run_once()

    (status,) = await harness.queue.load_statuses([job.id])
    assert (status.job, status.state, status.thread_id) == (job, QueueState.PREPARING, job.origin.message_id)
    assert harness.read_source(job) == IMAGE
    assert harness.sender.sent_problems == []


async def test_a_lost_job_without_a_picture_is_queued_at_once(harness: ReconcilerHarness) -> None:
    job = await harness.submit_job(1, has_picture=False)
    harness.flush_redis()

    await harness.reconciler.run_once()

    (status,) = await harness.queue.load_statuses([job.id])
    assert status.state is QueueState.QUEUED
    assert harness.fetched_images == []


async def test_a_requeued_job_counts_as_a_call_of_unknown_fate(harness: ReconcilerHarness, database_url: str) -> None:
    job = await harness.submit_job(1)
    harness.flush_redis()

    await harness.reconciler.run_once()
    await harness.reconciler.run_once()

    assert harness.read_job_field(job, "unknown_calls") == b"1"
    assert [(row["entry_number"], row["unknown_calls"]) for row in read_rows(database_url, queue_entries)] == [
        (1, 0),
        (2, 1),
    ]
    assert len(harness.fetched_images) == 1


async def test_a_job_that_was_lost_twice_fails_once_with_an_apology(harness: ReconcilerHarness) -> None:
    job = await harness.submit_job(1)
    for _ in range(3):
        harness.flush_redis()
        await harness.reconciler.run_once()

    assert harness.sender.sent_problems == [(job.id, make_problem("interrupted"))]
    assert await harness.queue.load_statuses([job.id]) == []


async def test_a_lost_job_with_a_call_of_unknown_fate_is_not_queued_again(harness: ReconcilerHarness) -> None:
    job = await harness.submit_job(1)
    with redis.Redis.from_url(harness.url) as client:
        client.hset(DEFAULT_KEYS.job_key(job.id), mapping={"calls": 2, "unknown_calls": 1})
    await harness.reconciler.run_once()
    harness.flush_redis()

    await harness.reconciler.run_once()

    assert harness.sender.sent_problems == [(job.id, make_problem("interrupted"))]
    assert await harness.queue.load_statuses([job.id]) == []


@pytest.mark.parametrize("code", ["attachment_gone", "attachment_host", "attachment_type"])
async def test_a_lost_job_whose_picture_is_gone_fails_once_and_its_record_is_closed(
    harness: ReconcilerHarness, database_url: str, code: str
) -> None:
    job = await harness.submit_job(1)
    harness.flush_redis()
    harness.error = RejectedError(Problem(code=code, facts={"host": "h", "types": "PNG"}))

    await harness.reconciler.run_once()
    await harness.reconciler.run_once()

    assert harness.sender.sent_problems == [(job.id, make_problem("queue_data_lost"))]
    assert [row["problem_code"] for row in read_rows(database_url, outcomes)] == ["queue_data_lost"]
    assert await harness.queue.load_statuses([job.id]) == []


async def test_an_expired_url_is_not_requested(harness: ReconcilerHarness) -> None:
    job = await harness.submit_job(1)
    harness.flush_redis()
    harness.clock.now = EXPIRES_AT + 1

    await harness.reconciler.run_once()

    assert harness.fetched_images == []
    assert harness.sender.sent_problems == [(job.id, make_problem("queue_data_lost"))]


async def test_a_download_that_fails_for_now_is_repeated_in_the_next_round(harness: ReconcilerHarness) -> None:
    job = await harness.submit_job(1)
    harness.flush_redis()
    harness.error = RejectedError(make_problem("attachment_unreachable"))
    await harness.reconciler.run_once()
    assert (harness.sender.sent_problems, await harness.queue.load_statuses([job.id])) == ([], [])

    harness.error = None
    await harness.reconciler.run_once()

    assert len(await harness.queue.load_statuses([job.id])) == 1


async def test_a_queue_that_is_full_for_now_gets_the_job_in_the_next_round(
    harness: ReconcilerHarness,
) -> None:
    jobs = [await harness.submit_job(n, has_picture=False) for n in range(3)]
    harness.flush_redis()
    with redis.Redis.from_url(harness.url) as client:
        client.config_set("maxmemory", "1")
        try:
            await harness.reconciler.run_once()
        finally:
            client.config_set("maxmemory", "0")
    assert await harness.queue.load_statuses([job.id for job in jobs]) == []

    await harness.reconciler.run_once()

    assert len(await harness.queue.load_statuses([job.id for job in jobs])) == 3
    assert harness.sender.sent_problems == []


@pytest.mark.parametrize("accepted", [False, True])
async def test_after_a_lost_reply_the_queue_has_the_job_once_whether_it_was_accepted_or_not(
    harness: ReconcilerHarness, monkeypatch: pytest.MonkeyPatch, accepted: bool
) -> None:
    job = await harness.submit_job(1, has_picture=False)
    harness.flush_redis()
    enqueue_job = harness.queue.enqueue_job

    async def lose_reply(job: Job, image: bytes | None, *, unknown_calls: int = 0) -> bool:
        if accepted:
            await enqueue_job(job, image, unknown_calls=unknown_calls)
        raise QueueResultUnknownError

    with monkeypatch.context() as patched:
        patched.setattr(harness.queue, "enqueue_job", lose_reply)
        await harness.reconciler.run_once()
    await harness.reconciler.run_once()

    assert [status.unknown_calls for status in await harness.queue.load_statuses([job.id])] == [1]
    assert harness.sender.sent_problems == []


async def test_a_lost_job_of_a_disabled_model_fails(harness: ReconcilerHarness) -> None:
    job = await harness.submit_job(1)
    harness.flush_redis()
    problem = make_problem("model_off", model="SD 3.5 Large", reason="It is gone.")
    with redis.Redis.from_url(harness.url) as client:
        client.set(DEFAULT_KEYS.disabled_model_key("sd3.5-large"), problem.model_dump_json())

    await harness.reconciler.run_once()

    assert harness.sender.sent_problems == [(job.id, problem)]


async def test_a_job_that_was_never_queued_is_left_to_its_command_for_the_grace_period(
    harness: ReconcilerHarness,
) -> None:
    job = await harness.submit_job(1, queued=False)
    await harness.reconciler.run_once()
    assert await harness.queue.load_statuses([job.id]) == []

    harness.clock.now += ENQUEUE_GRACE_SECONDS + 1
    await harness.reconciler.run_once()

    assert len(await harness.queue.load_statuses([job.id])) == 1


async def test_an_outcome_that_is_found_in_discord_closes_its_record(
    harness: ReconcilerHarness, database_url: str
) -> None:
    job = await harness.submit_job(1)
    harness.flush_redis()
    harness.sender.posted_messages[job.id] = MessageRef(job.origin.message_id, 77)

    await harness.reconciler.run_once()

    assert await harness.job_store.load_closed_record(job.id) == ClosedRecord(MessageRef(job.origin.message_id, 77))
    assert [row["kind"] for row in read_rows(database_url, outcomes)] == ["unknown"]
    assert await harness.queue.load_statuses([job.id]) == []


async def test_a_job_that_redis_has_as_delivered_closes_its_record_with_the_outcome(
    harness: ReconcilerHarness, database_url: str
) -> None:
    job = await harness.submit_job(1)
    with redis.Redis.from_url(harness.url) as client:
        ended = {"state": "delivered", "outcome": GENERATED.model_dump_json(), "message_id": 88, "calls": 1}
        client.hset(DEFAULT_KEYS.job_key(job.id), mapping=ended)

    await harness.reconciler.run_once()

    assert await harness.job_store.load_closed_record(job.id) == ClosedRecord(MessageRef(job.origin.message_id, 88))
    assert [(row["kind"], row["seed"]) for row in read_rows(database_url, outcomes)] == [("generated", 7)]
    assert [row["calls"] for row in read_rows(database_url, queue_entries)] == [1]


async def test_a_record_stays_open_while_discord_is_unavailable(harness: ReconcilerHarness) -> None:
    job = await harness.submit_job(1)
    harness.flush_redis()
    harness.clock.now = EXPIRES_AT + 1
    harness.sender.error = OSError("away")
    await harness.reconciler.run_once()
    assert len(await harness.job_store.list_open_records()) == 1

    harness.sender.error = None
    await harness.reconciler.run_once()

    assert [job_id for job_id, _ in harness.sender.sent_problems] == [job.id]


async def read_counted_calls(harness: ReconcilerHarness, job: Job) -> tuple[bytes | None, bool]:
    (record,) = [record for record in await harness.job_store.list_open_records() if record.job.id == job.id]
    return harness.read_job_field(job, "unknown_calls"), record.is_requeued


async def test_a_job_that_a_redis_without_losses_never_had_is_queued_without_a_call_of_unknown_fate(
    harness: ReconcilerHarness,
) -> None:
    await harness.epoch.confirm_epoch(1)
    harness.clock.now = time.time() + 2 * CLOCK_DIFFERENCE_SECONDS
    job = await harness.submit_job(1, queued=False)
    await harness.job_store.mark_queued(job.id, None)  # as after a reply that was lost on its way

    await harness.reconciler.run_once()

    assert await read_counted_calls(harness, job) == (b"0", False)
    assert (harness.read_source(job), harness.sender.sent_problems) == (IMAGE, [])


@pytest.mark.parametrize("loss", ["FLUSHALL", "another server", "before the comparison", "a call"])
async def test_a_job_that_redis_may_have_lost_is_queued_as_a_call_of_unknown_fate(
    harness: ReconcilerHarness, loss: str
) -> None:
    await harness.epoch.confirm_epoch(1)
    harness.clock.now = time.time() + (0 if loss == "before the comparison" else 2 * CLOCK_DIFFERENCE_SECONDS)
    job = await harness.submit_job(1, queued=False)
    if loss == "FLUSHALL":
        harness.flush_redis()
    elif loss == "another server":
        with redis.Redis.from_url(harness.url) as client:
            client.hset(DEFAULT_KEYS.prefix + "epoch", "run_id", "that of a server before")
    elif loss == "a call":
        await harness.job_store.save_progress([replace(make_finished_status(job, since=NOON), calls=1)])
    harness.clock.now += 2 * ENQUEUE_GRACE_SECONDS

    await harness.reconciler.run_once()

    assert await read_counted_calls(harness, job) == (b"1", True)


async def test_closed_records_are_ignored(harness: ReconcilerHarness) -> None:
    delivered, rejected = await harness.submit_job(1), await harness.submit_job(2)
    await harness.job_store.mark_delivered(make_finished_status(delivered, since=NOON), MessageRef(2, 5))
    await harness.job_store.mark_rejected(rejected.id, make_problem("queue_full"))
    harness.flush_redis()

    await harness.reconciler.run_once()

    assert (harness.fetched_images, harness.sender.sent_problems) == ([], [])


async def test_a_lost_job_is_queued_again_with_its_stored_picture(harness: ReconcilerHarness) -> None:
    stored_image = StoredImage("ab" * 32, b"as the model got it")

    async def load_stored_image(job: Job, sha256: str) -> StoredImage | None:
        assert job.id
        return stored_image if sha256 == stored_image.sha256 else None

    reconciler = Reconciler(
        harness.job_store,
        harness.queue,
        harness.sender,
        harness.fetch_image,
        harness.epoch.has_kept_jobs_since,
        load_stored_image=load_stored_image,
        clock=harness.clock,
    )
    job = make_job(1, at=NOON)
    await harness.job_store.add_jobs([job], stored_image)
    await harness.queue.enqueue_job(job, stored_image.data)
    await harness.job_store.mark_queued(job.id, stored_image.sha256)
    harness.flush_redis()

    await reconciler.run_once()

    assert harness.read_source(job) == stored_image.data
    assert (harness.fetched_images, harness.sender.sent_problems) == ([], [])


async def test_a_lost_edit_is_queued_again_with_all_of_its_pictures(
    harness: ReconcilerHarness, image_store: SqlImageStore
) -> None:
    bundle = StoredImage("cd" * 32, pack_pictures(Pictures(b"source", b"mask")) or b"")
    reconciler = Reconciler(
        harness.job_store,
        harness.queue,
        harness.sender,
        harness.fetch_image,
        harness.epoch.has_kept_jobs_since,
        load_stored_image=image_store.load_upload,
        clock=harness.clock,
    )
    job = make_job(1, at=NOON)
    await harness.job_store.add_jobs([job], bundle)
    await harness.queue.enqueue_job(job, bundle.data)
    await harness.job_store.mark_queued(job.id, bundle.sha256)
    harness.flush_redis()

    await reconciler.run_once()

    assert harness.read_source(job) == bundle.data
    assert (harness.fetched_images, harness.sender.sent_problems) == ([], [])


async def test_a_job_that_redis_has_in_an_unreadable_form_is_not_taken_for_lost(harness: ReconcilerHarness) -> None:
    odd, lost = await harness.submit_job(1), await harness.submit_job(2)
    with redis.Redis.from_url(harness.url) as client:
        client.hset(DEFAULT_KEYS.job_key(odd.id), "job", "{")
        client.delete(DEFAULT_KEYS.job_key(lost.id), DEFAULT_KEYS.prefix + "epoch")

    await harness.reconciler.run_once()

    assert harness.sender.sent_problems == []
    assert (harness.read_job_field(odd, "job"), harness.read_job_field(lost, "unknown_calls")) == (b"{", b"1")


async def test_an_unreadable_job_that_redis_lost_is_told_to_its_owner_and_the_others_are_repaired(
    harness: ReconcilerHarness,
) -> None:
    odd, other = await harness.submit_job(1), await harness.submit_job(2)
    await harness.job_store._database.run_transaction(
        lambda connection: connection.execute(update(jobs).where(jobs.c.id == odd.id).values(job_json="{"))
    )
    harness.flush_redis()

    await harness.reconciler.run_once()

    assert harness.sender.sent_problems == [(odd.id, make_problem("unreadable"))]
    assert harness.read_job_field(other, "unknown_calls") == b"1"
    assert harness.read_job_field(odd, "job") is None


async def test_the_record_of_an_unreadable_job_that_was_delivered_is_closed(harness: ReconcilerHarness) -> None:
    job = await harness.submit_job(1)
    with redis.Redis.from_url(harness.url) as client:
        client.hset(DEFAULT_KEYS.job_key(job.id), mapping={"job": "{", "state": "delivered", "message_id": 99})

    await harness.reconciler.run_once()

    assert await harness.job_store.load_closed_record(job.id) == ClosedRecord(MessageRef(job.origin.message_id, 99))
