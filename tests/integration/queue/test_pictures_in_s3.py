"""With PICTURES_URL, pictures lie in S3, and Redis holds a reference to each under the same key."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import redis

import bot.queue.pictures
import worker.queue.pictures
from bot.domain.errors import QueueUnavailableError
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import Limits, ScopeLimits
from bot.queue.outcomes import RedisOutcomeStream
from bot.queue.pictures import QueuePictures
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem
from shared.queue.chunks import CHUNK_BYTES
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, claim_job, confirm_epoch, make_job, send_no_ticket, set_job_aside
from tests.support.s3_store import S3Store, run_s3_store
from worker.ports import QueueUnavailableError as WorkerQueueUnavailableError
from worker.queue.connection import QueueRedis
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.dead_letters import DeadLetter, DeadLetterQueue
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

IMAGE = b"a picture of some chunks" * (CHUNK_BYTES // 8)
LIMITS = Limits(user=ScopeLimits(max_open=2))


@pytest.fixture(scope="module")
def running_store() -> Iterator[S3Store]:
    with run_s3_store() as opened:
        yield opened


@pytest.fixture
def store(running_store: S3Store, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    monkeypatch.setattr(bot.queue.pictures, "DELETION_DELAY_SECONDS", 0.01)
    monkeypatch.setattr(worker.queue.pictures, "RETRY_SECONDS", 0.05)
    running_store.reset()
    return running_store


@pytest.fixture
async def pictures(store: S3Store) -> AsyncIterator[QueuePictures]:
    opened = QueuePictures(store.create_storage())
    yield opened
    await opened.close()


@pytest.fixture
async def bot_queue(redis_url: str, catalogue: Catalogue, pictures: QueuePictures) -> AsyncIterator[BotJobQueue]:
    queue = BotJobQueue(
        connect_bot(redis_url), catalogue=catalogue, build_ticket=send_no_ticket, limits=LIMITS, pictures=pictures
    )
    yield queue
    await queue.close()


@pytest.fixture
async def outcomes(redis_url: str, catalogue: Catalogue, pictures: QueuePictures) -> AsyncIterator[RedisOutcomeStream]:
    stream = RedisOutcomeStream(connect_bot(redis_url), catalogue, pictures)
    yield stream
    await stream.close()


@pytest.fixture
def worker_queue(redis_url: str, store: S3Store) -> Iterator[WorkerJobQueue]:
    with connect_worker(redis_url) as client:
        yield WorkerJobQueue(client, lambda _: None, storage=store.create_storage())


async def deliver(outcomes: RedisOutcomeStream, pictures: QueuePictures) -> None:
    """Acknowledge all outcomes, and wait until their pictures are deleted."""
    for entry in await outcomes.read_outcomes():
        await outcomes.acknowledge_outcome(entry, None)
    if pictures._deletion is not None:
        await pictures._deletion


async def test_redis_holds_references_alone_and_nothing_is_left_in_s3_after_delivery(
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    outcomes: RedisOutcomeStream,
    pictures: QueuePictures,
    client: QueueRedis,
    store: S3Store,
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)
    upload = worker_queue.fetch_upload("1")
    uploaded_keys = store.list_keys()
    worker_queue.promote(claim_job(worker_queue, Stage.PREPARE), IMAGE[1:])
    waiting: Any = client.memory_usage(DEFAULT_KEYS.prepared_key("1"))
    prepared = worker_queue.fetch_prepared("1"), await bot_queue.load_prepared_image("1")
    worker_queue.finish(claim_job(worker_queue), GENERATED, IMAGE[2:])

    assert (upload, prepared) == (IMAGE, (IMAGE[1:], IMAGE[1:]))
    assert await outcomes.load_result_image("1") == IMAGE[2:]
    assert [key.rpartition("-")[0] for key in uploaded_keys] == ["waiting/1/upload"]
    assert waiting < 1000
    assert all(int(client.ttl(key)) > 0 for key in client.scan_iter(f"{DEFAULT_KEYS.prefix}*:1") if b"job:" not in key)

    await deliver(outcomes, pictures)

    assert store.list_keys() == []


async def test_objects_are_encrypted_as_the_address_says(store: S3Store) -> None:
    head: Any = store.bucket._client.head_object
    reference = store.bucket.put_picture("1", "upload", IMAGE)

    found = head(Bucket=reference.bucket, Key=reference.key)

    assert found["ServerSideEncryption"] == "AES256"
    assert found["ContentType"] == "application/octet-stream"


async def test_a_job_that_is_not_accepted_leaves_no_picture(
    bot_queue: BotJobQueue, client: QueueRedis, store: S3Store
) -> None:
    for number in (1, 2):
        await bot_queue.enqueue_job(make_job(number, has_picture=True), IMAGE)

    with pytest.raises(RejectedError):
        await bot_queue.enqueue_job(make_job(3, has_picture=True), IMAGE)
    is_new = await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)

    assert not is_new
    assert {key.split("/")[1] for key in store.list_keys()} == {"1", "2"}
    assert client.exists(DEFAULT_KEYS.upload_key("3"), DEFAULT_KEYS.incoming_picture) == 0


async def test_a_request_is_refused_and_nothing_is_stored_while_s3_is_away(
    bot_queue: BotJobQueue, client: QueueRedis, store: S3Store
) -> None:
    store.is_down = True

    with pytest.raises(RejectedError) as rejected:
        await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)

    assert rejected.value.problems == (make_problem("queue_not_writable"),)
    assert client.keys(f"{DEFAULT_KEYS.prefix}*1*") == []
    assert await bot_queue.enqueue_job(make_job(2), None), "a request without a picture needs no S3"


async def test_before_a_call_an_s3_that_is_away_is_like_a_queue_that_is_away(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, store: S3Store
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)
    claim = claim_job(worker_queue, Stage.PREPARE)
    steps: tuple[Callable[[], object], ...] = (
        lambda: worker_queue.fetch_upload("1"),
        lambda: worker_queue.promote(claim, IMAGE),
    )
    store.is_down = True
    for step in steps:
        with pytest.raises(WorkerQueueUnavailableError, match="S3"):
            step()
    store.is_down = False

    assert worker_queue.promote(claim, IMAGE)
    store.is_down = True
    with pytest.raises(WorkerQueueUnavailableError):
        worker_queue.fetch_prepared("1")
    with pytest.raises(RejectedError):
        await bot_queue.load_prepared_image("1")


@pytest.mark.parametrize("comes_back", [True, False], ids=["in time", "too late"])
async def test_a_paid_picture_waits_for_s3_and_then_stays_in_redis(
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    outcomes: RedisOutcomeStream,
    client: QueueRedis,
    store: S3Store,
    monkeypatch: pytest.MonkeyPatch,
    comes_back: bool,
) -> None:
    monkeypatch.setattr(worker.queue.pictures, "RESULT_PATIENCE_SECONDS", 30 if comes_back else 0.2)
    confirm_epoch(client)
    await bot_queue.enqueue_job(make_job(1), None)
    claim = claim_job(worker_queue)
    assert worker_queue.start_call(claim)
    store.is_down = True
    if comes_back:
        threading.Timer(0.2, store.come_back).start()

    assert worker_queue.finish(claim, GENERATED, IMAGE)

    assert client.type(DEFAULT_KEYS.result_key("1")) == (b"string" if comes_back else b"list")
    assert await outcomes.load_result_image("1") == IMAGE
    store.is_down = True
    if comes_back:
        with pytest.raises(QueueUnavailableError, match="S3"):  # and delivery tries again
            await outcomes.load_result_image("1")


async def test_a_dead_letter_keeps_its_picture_until_its_retry_is_delivered(
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    outcomes: RedisOutcomeStream,
    pictures: QueuePictures,
    client: QueueRedis,
    store: S3Store,
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)
    set_job_aside(worker_queue, claim_job(worker_queue, Stage.PREPARE))
    await deliver(outcomes, pictures)
    letters = DeadLetterQueue(client, store.create_storage())
    letter = letters.find_letter("1")
    assert isinstance(letter, DeadLetter)
    assert (letter.picture_bytes, letters.fetch_picture("1")) == (len(IMAGE), IMAGE)

    letters.retry_letter(letter, "2", 60)
    worker_queue.promote(claim_job(worker_queue, Stage.PREPARE), IMAGE)
    worker_queue.finish(claim_job(worker_queue), GENERATED, IMAGE)
    kept = [key.split("/")[1:] for key in store.list_keys()]
    await deliver(outcomes, pictures)

    assert [(job, kind.partition("-")[0]) for job, kind in kept] == [
        ("2", "prepared"),
        ("2", "result"),
        ("2", "upload"),
    ]
    assert store.list_keys() == []


@pytest.mark.parametrize("who", ["operator", "requester"])
async def test_a_dead_letter_that_is_deleted_leaves_no_picture(
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    outcomes: RedisOutcomeStream,
    pictures: QueuePictures,
    client: QueueRedis,
    store: S3Store,
    who: str,
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)
    set_job_aside(worker_queue, claim_job(worker_queue, Stage.PREPARE))
    await deliver(outcomes, pictures)

    if who == "operator":
        assert DeadLetterQueue(client, store.create_storage()).delete_letter("1")
    else:
        await bot_queue.purge_jobs(["1"])

    assert store.list_keys() == []


async def test_with_the_setting_turned_off_what_lies_in_s3_is_still_read(
    redis_url: str, catalogue: Catalogue, bot_queue: BotJobQueue, store: S3Store
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)
    without = store.create_storage(is_external=False)

    with connect_worker(redis_url) as client:
        plain_queue = WorkerJobQueue(client, lambda _: None, storage=without)
        upload = plain_queue.fetch_upload("1")
        plain_queue.promote(claim_job(plain_queue, Stage.PREPARE), IMAGE[1:])

        assert upload == IMAGE
        assert client.type(DEFAULT_KEYS.prepared_key("1")) == b"list"


async def test_a_release_that_knows_no_references_gets_an_error_and_no_picture(
    bot_queue: BotJobQueue, client: QueueRedis
) -> None:
    """Such a release reads pictures by LRANGE, and takes every error of Redis for a queue that is away for a while."""
    await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)

    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        client.lrange(DEFAULT_KEYS.upload_key("1"), 0, -1)


async def test_a_reference_is_stored_even_if_redis_is_full(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, client: QueueRedis
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)
    claim = claim_job(worker_queue, Stage.PREPARE)
    client.config_set("maxmemory", 1)
    try:
        is_promoted = worker_queue.promote(claim, IMAGE[1:])
    finally:
        client.config_set("maxmemory", 0)

    assert is_promoted
    assert client.type(DEFAULT_KEYS.prepared_key("1")) == b"string"
    assert worker_queue.fetch_prepared("1") == IMAGE[1:]


async def test_a_picture_that_is_gone_has_expired(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, store: S3Store
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)
    store.bucket.delete_keys(store.list_keys())

    assert worker_queue.fetch_upload("1") is None


def test_an_entry_that_nobody_reads_is_no_reference(client: QueueRedis, worker_queue: WorkerJobQueue) -> None:
    client.set(DEFAULT_KEYS.upload_key("1"), b"{}")

    with pytest.raises(WorkerQueueUnavailableError, match="cannot be read by this release"):
        worker_queue.fetch_upload("1")
