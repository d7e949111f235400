"""Records and a real Redis that lost its memory: what is asked for again, what is told, what is left alone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
import redis

from bot.domain.errors import QueueResultUnknownError
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.messages import MessageRef
from bot.domain.records import ClosedRecord
from bot.domain.status import JobStatus, QueueState
from bot.queue.connection import connect_to_redis
from bot.queue.job_queue import RedisJobQueue
from bot.recovery.reconciler import ENQUEUE_GRACE_SECONDS, Reconciler
from bot.storage.jobs import SqlJobStore
from bot.storage.tables import outcomes, queue_entries
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import Failed
from shared.problems import Problem, RejectedError, make_problem
from shared.queue.chunks import join_chunks
from shared.queue.keys import disabled_model_key, job_key, upload_key
from tests.support.builders import EXPIRES_AT, GENERATED, NOON, SOURCE, Clock, make_finished_status, make_job, read_rows

IMAGE = b"bytes of a picture"


class FakeOutcomeDelivery:
    """What is said in Discord; `stands` is an answer that was posted before and of which no record is left."""

    def __init__(self, records: SqlJobStore) -> None:
        self.job_store = records
        self.sent_problems: list[tuple[str, Problem]] = []
        self.posted_messages: dict[str, MessageRef] = {}
        self.error: Exception | None = None

    async def deliver_outcome(self, status: JobStatus) -> MessageRef:
        if self.error is not None:
            raise self.error
        assert isinstance(status.outcome, Failed)
        self.sent_problems.append((status.job.id, status.outcome.problem))
        said = MessageRef(status.job.origin.message_id, 55)
        await self.job_store.mark_delivered(status, said)
        return said

    async def find_outcome_message(self, status: JobStatus) -> MessageRef | None:
        return self.posted_messages.get(status.job.id)


class ReconcilerHarness:
    """A bot's queue, records and clock; `fetched` counts downloads, `trouble` refuses them."""

    def __init__(self, url: str, records: SqlJobStore, queue: RedisJobQueue, clock: Clock) -> None:
        self.url = url
        self.job_store = records
        self.queue = queue
        self.clock = clock
        self.sender = FakeOutcomeDelivery(records)
        self.fetched_images: list[RemoteImage] = []
        self.error: RejectedError | None = None
        self.reconciler = Reconciler(records, queue, self.sender, self.fetch_image, clock=clock)

    async def fetch_image(self, source: RemoteImage) -> bytes:
        self.fetched_images.append(source)
        if self.error is not None:
            raise self.error
        return IMAGE

    async def submit_job(self, number: int, *, has_picture: bool = True, queued: bool = True) -> Job:
        """Take a job on, as the command does, as far as it came."""
        asked = make_job(number, has_picture=has_picture, at=self.clock.now)
        await self.job_store.add_job(asked, SOURCE if has_picture else None)
        if queued:
            await self.queue.enqueue_job(asked, IMAGE if has_picture else None)
            await self.job_store.mark_queued(asked.id, None)
        return asked

    def flush_redis(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def read_job_field(self, asked: Job, name: str) -> bytes | None:
        with redis.Redis.from_url(self.url) as client:
            found: bytes | None = client.hget(job_key(asked.id), name)
            return found

    def read_source(self, asked: Job) -> bytes | None:
        with redis.Redis.from_url(self.url) as client:
            return join_chunks(cast("list[bytes]", client.lrange(upload_key(asked.id), 0, -1)))


def send_no_ticket(stage: str) -> str:
    del stage
    return ""


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'records.db'}"


@pytest.fixture
async def scene(
    redis_url: str, job_store: SqlJobStore, catalogue: Catalogue, clock: Clock
) -> AsyncIterator[ReconcilerHarness]:
    queue = RedisJobQueue(connect_to_redis(redis_url), catalogue=catalogue, build_ticket=send_no_ticket)
    yield ReconcilerHarness(redis_url, job_store, queue, clock)
    await queue.close()


async def test_a_job_that_redis_knows_is_left_alone(scene: ReconcilerHarness) -> None:
    asked = await scene.submit_job(1)
    scene.clock.now += 10 * ENQUEUE_GRACE_SECONDS

    await scene.reconciler.run_once()

    assert (scene.fetched_images, scene.sender.sent_problems) == ([], [])
    assert scene.read_job_field(asked, "unknown_calls") == b"0"


async def test_a_forgotten_job_is_queued_again_with_its_id_seed_picture_and_thread(scene: ReconcilerHarness) -> None:
    asked = await scene.submit_job(1)
    await scene.queue.set_thread(asked.id, asked.origin.message_id)
    await scene.reconciler.run_once()
    scene.flush_redis()

    await scene.reconciler.run_once()

    (standing,) = await scene.queue.load_statuses([asked.id])
    assert (standing.job, standing.state, standing.thread_id) == (asked, QueueState.PREPARING, asked.origin.message_id)
    assert scene.read_source(asked) == IMAGE
    assert scene.sender.sent_problems == []


async def test_a_forgotten_job_from_words_alone_is_queued_at_once(scene: ReconcilerHarness) -> None:
    asked = await scene.submit_job(1, has_picture=False)
    scene.flush_redis()

    await scene.reconciler.run_once()

    (standing,) = await scene.queue.load_statuses([asked.id])
    assert standing.state is QueueState.QUEUED
    assert scene.fetched_images == []


async def test_the_repeat_counts_as_the_one_that_money_allows(scene: ReconcilerHarness, database_url: str) -> None:
    asked = await scene.submit_job(1)
    scene.flush_redis()

    await scene.reconciler.run_once()
    await scene.reconciler.run_once()

    assert scene.read_job_field(asked, "unknown_calls") == b"1"
    assert [(row["entry_number"], row["unknown_calls"]) for row in read_rows(database_url, queue_entries)] == [
        (1, 0),
        (2, 1),
    ]
    assert len(scene.fetched_images) == 1


async def test_a_job_that_was_forgotten_twice_is_apologised_for_once(scene: ReconcilerHarness) -> None:
    asked = await scene.submit_job(1)
    for _ in range(3):
        scene.flush_redis()
        await scene.reconciler.run_once()

    assert scene.sender.sent_problems == [(asked.id, make_problem("lost"))]
    assert await scene.queue.load_statuses([asked.id]) == []


async def test_a_job_whose_call_was_repeated_already_is_not_called_a_third_time(scene: ReconcilerHarness) -> None:
    asked = await scene.submit_job(1)
    with redis.Redis.from_url(scene.url) as client:
        client.hset(job_key(asked.id), mapping={"calls": 2, "unknown_calls": 1})
    await scene.reconciler.run_once()
    scene.flush_redis()

    await scene.reconciler.run_once()

    assert scene.sender.sent_problems == [(asked.id, make_problem("lost"))]
    assert await scene.queue.load_statuses([asked.id]) == []


@pytest.mark.parametrize("code", ["attachment_gone", "attachment_host", "attachment_type"])
async def test_a_picture_that_is_gone_is_told_once_and_the_record_closed(
    scene: ReconcilerHarness, database_url: str, code: str
) -> None:
    asked = await scene.submit_job(1)
    scene.flush_redis()
    scene.error = RejectedError(Problem(code=code, facts={"host": "h", "types": "PNG"}))

    await scene.reconciler.run_once()
    await scene.reconciler.run_once()

    assert scene.sender.sent_problems == [(asked.id, make_problem("forgotten"))]
    assert [row["problem_code"] for row in read_rows(database_url, outcomes)] == ["forgotten"]
    assert await scene.queue.load_statuses([asked.id]) == []


async def test_an_address_that_expired_is_not_asked(scene: ReconcilerHarness) -> None:
    asked = await scene.submit_job(1)
    scene.flush_redis()
    scene.clock.now = EXPIRES_AT + 1

    await scene.reconciler.run_once()

    assert scene.fetched_images == []
    assert scene.sender.sent_problems == [(asked.id, make_problem("forgotten"))]


async def test_a_file_server_that_is_away_is_asked_again(scene: ReconcilerHarness) -> None:
    asked = await scene.submit_job(1)
    scene.flush_redis()
    scene.error = RejectedError(make_problem("attachment_unreachable"))
    await scene.reconciler.run_once()
    assert (scene.sender.sent_problems, await scene.queue.load_statuses([asked.id])) == ([], [])

    scene.error = None
    await scene.reconciler.run_once()

    assert len(await scene.queue.load_statuses([asked.id])) == 1


async def test_a_queue_that_refuses_for_now_is_asked_again_and_the_repeat_is_still_to_come(
    scene: ReconcilerHarness,
) -> None:
    forgotten = [await scene.submit_job(n, has_picture=False) for n in range(3)]
    scene.flush_redis()
    with redis.Redis.from_url(scene.url) as client:
        client.config_set("maxmemory", "1")
        try:
            await scene.reconciler.run_once()
        finally:
            client.config_set("maxmemory", "0")
    assert await scene.queue.load_statuses([asked.id for asked in forgotten]) == []

    await scene.reconciler.run_once()

    assert len(await scene.queue.load_statuses([asked.id for asked in forgotten])) == 3
    assert scene.sender.sent_problems == []


@pytest.mark.parametrize("taken", [False, True])
async def test_a_queue_whose_answer_is_lost_has_the_job_once_whether_it_took_it_or_not(
    scene: ReconcilerHarness, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    asked = await scene.submit_job(1, has_picture=False)
    scene.flush_redis()
    accept = scene.queue.enqueue_job

    async def unheard(job: Job, source: bytes | None, *, unknown_calls: int = 0) -> bool:
        if taken:
            await accept(job, source, unknown_calls=unknown_calls)
        raise QueueResultUnknownError

    with monkeypatch.context() as patched:
        patched.setattr(scene.queue, "enqueue_job", unheard)
        await scene.reconciler.run_once()
    await scene.reconciler.run_once()

    assert [standing.unknown_calls for standing in await scene.queue.load_statuses([asked.id])] == [1]
    assert scene.sender.sent_problems == []


async def test_a_model_that_is_switched_off_is_told(scene: ReconcilerHarness) -> None:
    asked = await scene.submit_job(1)
    scene.flush_redis()
    off = make_problem("model_off", model="SD 3.5 Large", reason="It is gone.")
    with redis.Redis.from_url(scene.url) as client:
        client.set(disabled_model_key("sd3.5-large"), off.model_dump_json())

    await scene.reconciler.run_once()

    assert scene.sender.sent_problems == [(asked.id, off)]


async def test_a_job_that_was_never_queued_is_left_to_its_command_and_then_queued(scene: ReconcilerHarness) -> None:
    asked = await scene.submit_job(1, queued=False)
    await scene.reconciler.run_once()
    assert await scene.queue.load_statuses([asked.id]) == []

    scene.clock.now += ENQUEUE_GRACE_SECONDS + 1
    await scene.reconciler.run_once()

    assert len(await scene.queue.load_statuses([asked.id])) == 1


async def test_an_answer_that_stands_in_discord_closes_its_record(scene: ReconcilerHarness, database_url: str) -> None:
    asked = await scene.submit_job(1)
    scene.flush_redis()
    scene.sender.posted_messages[asked.id] = MessageRef(asked.origin.message_id, 77)

    await scene.reconciler.run_once()

    assert await scene.job_store.load_closed_record(asked.id) == ClosedRecord(MessageRef(asked.origin.message_id, 77))
    assert [row["kind"] for row in read_rows(database_url, outcomes)] == ["unknown"]
    assert await scene.queue.load_statuses([asked.id]) == []


async def test_what_redis_knows_to_be_told_closes_its_record_with_the_outcome(
    scene: ReconcilerHarness, database_url: str
) -> None:
    asked = await scene.submit_job(1)
    with redis.Redis.from_url(scene.url) as client:
        ended = {"state": "delivered", "outcome": GENERATED.model_dump_json(), "message_id": 88, "calls": 1}
        client.hset(job_key(asked.id), mapping=ended)

    await scene.reconciler.run_once()

    assert await scene.job_store.load_closed_record(asked.id) == ClosedRecord(MessageRef(asked.origin.message_id, 88))
    assert [(row["kind"], row["seed"]) for row in read_rows(database_url, outcomes)] == [("generated", 7)]
    assert [row["calls"] for row in read_rows(database_url, queue_entries)] == [1]


async def test_a_discord_that_is_away_keeps_the_record_open(scene: ReconcilerHarness) -> None:
    asked = await scene.submit_job(1)
    scene.flush_redis()
    scene.clock.now = EXPIRES_AT + 1
    scene.sender.error = OSError("away")
    await scene.reconciler.run_once()
    assert len(await scene.job_store.list_open_records()) == 1

    scene.sender.error = None
    await scene.reconciler.run_once()

    assert [told for told, _ in scene.sender.sent_problems] == [asked.id]


async def test_closed_records_are_not_looked_at(scene: ReconcilerHarness) -> None:
    delivered, refused = await scene.submit_job(1), await scene.submit_job(2)
    await scene.job_store.mark_delivered(make_finished_status(delivered, since=NOON), MessageRef(2, 5))
    await scene.job_store.mark_rejected(refused.id, make_problem("no_room"))
    scene.flush_redis()

    await scene.reconciler.run_once()

    assert (scene.fetched_images, scene.sender.sent_problems) == ([], [])


async def test_a_job_whose_picture_is_kept_is_queued_again_from_it(scene: ReconcilerHarness) -> None:
    kept = StoredImage("ab" * 32, b"as the model got it")

    async def find(sha256: str) -> StoredImage | None:
        return kept if sha256 == kept.sha256 else None

    reconcile = Reconciler(
        scene.job_store, scene.queue, scene.sender, scene.fetch_image, load_stored_image=find, clock=scene.clock
    )
    asked = make_job(1, at=NOON)
    await scene.job_store.add_job(asked, kept)
    await scene.queue.enqueue_job(asked, kept.data)
    await scene.job_store.mark_queued(asked.id, kept.sha256)
    scene.flush_redis()

    await reconcile.run_once()

    assert scene.read_source(asked) == kept.data
    assert (scene.fetched_images, scene.sender.sent_problems) == ([], [])
