"""A picture comes to Redis beside the script that keeps it: both are done or neither, with room or without."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from redis.exceptions import RedisError

from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import Limits, ScopeLimits
from bot.queue.outcomes import RedisOutcomeStream
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem
from shared.queue.chunks import CHUNK_BYTES
from shared.queue.keys import INCOMING_PICTURE, KEY_PREFIX, upload_key
from shared.queue.scripts import is_oom_error
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, RecordedTickets, claim_job, make_job
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

IMAGE = b"a picture of some pieces" * (CHUNK_BYTES // 8)


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as opened:
        yield opened
        opened.config_set("maxmemory", "0")


def fill_memory(client: redis.Redis, but: int = 0) -> None:
    """Let Redis have no room, or room for so many bytes more."""
    client.config_set("maxmemory", client.info("memory")["used_memory"] + but if but else 1)


async def test_a_picture_is_the_same_at_every_step(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, client: redis.Redis
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)
    uploaded = worker_queue.fetch_upload("1")
    worker_queue.promote(claim_job(worker_queue, Stage.PREPARE), IMAGE[1:])
    prepared = worker_queue.fetch_prepared("1"), await bot_queue.load_prepared_image("1")
    worker_queue.finish(claim_job(worker_queue), GENERATED, IMAGE[2:])

    assert uploaded == IMAGE
    assert prepared == (IMAGE[1:], IMAGE[1:])
    assert await outcomes.load_result_image("1") == IMAGE[2:]
    assert client.exists(INCOMING_PICTURE, upload_key("1")) == 0


async def test_the_picture_of_a_job_that_is_known_or_refused_is_not_kept(
    redis_url: str,
    bot_queue: BotJobQueue,
    client: redis.Redis,
    catalogue: Catalogue,
    tickets: RecordedTickets,
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), b"first")
    strict = BotJobQueue(
        connect_bot(redis_url),
        catalogue=catalogue,
        build_ticket=tickets.send_from_bot,
        limits=Limits(user=ScopeLimits(max_open=1)),
    )

    again = await bot_queue.enqueue_job(make_job(1, has_picture=True), b"second")
    with pytest.raises(RejectedError):
        await strict.enqueue_job(make_job(2, has_picture=True), b"third")
    await strict.close()

    assert not again
    assert client.lrange(upload_key("1"), 0, -1) == [b"first"]
    assert client.exists(INCOMING_PICTURE, upload_key("2")) == 0


@pytest.mark.parametrize("room", [0, len(IMAGE) // 2, 4 * len(IMAGE)], ids=["full", "too little", "below the share"])
async def test_a_job_whose_picture_finds_no_room_is_not_taken_on_at_all(
    bot_queue: BotJobQueue, client: redis.Redis, room: int
) -> None:
    """Four times its size is room enough, but less than a fifth of all there is: nothing may take that."""
    if room > 0:
        client.set("ballast", b"-" * 20 * len(IMAGE))
    fill_memory(client, room)

    with pytest.raises(RejectedError) as refused:
        await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)

    assert refused.value.problems == (make_problem("no_room"),)
    assert client.keys(f"{KEY_PREFIX}*1*") == []
    assert client.exists(INCOMING_PICTURE) == 0
    client.config_set("maxmemory", "0")
    assert await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)


async def test_what_is_prepared_or_made_is_kept_though_redis_is_full(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, client: redis.Redis
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)
    preparing = claim_job(worker_queue, Stage.PREPARE)
    fill_memory(client)
    moved = worker_queue.promote(preparing, IMAGE[1:])
    client.config_set("maxmemory", "0")
    generating = claim_job(worker_queue)
    fill_memory(client)

    ended = worker_queue.finish(generating, GENERATED, IMAGE[2:])

    assert (moved, ended) == (True, True)
    assert await bot_queue.load_prepared_image("1") == IMAGE[1:]
    assert await outcomes.load_result_image("1") == IMAGE[2:]


async def test_a_server_that_forgot_the_scripts_is_told_them_again(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, client: redis.Redis
) -> None:
    client.script_flush()
    accepted = await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)
    claim = claim_job(worker_queue, Stage.PREPARE)
    client.script_flush()

    moved = worker_queue.promote(claim, IMAGE)

    assert (accepted, moved) == (True, True)
    assert worker_queue.fetch_prepared("1") == IMAGE


async def test_a_lease_that_was_lost_keeps_no_prepared_picture(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, client: redis.Redis
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)
    claim = claim_job(worker_queue, Stage.PREPARE)
    await bot_queue.cancel_job("1", make_problem("internal"))

    moved = worker_queue.promote(claim, IMAGE)

    assert not moved
    assert client.exists(INCOMING_PICTURE) == 0
    assert worker_queue.fetch_prepared("1") is None


@pytest.mark.parametrize("where", ["command", "transaction", "script"])
def test_a_full_redis_is_told_from_every_other_refusal(client: redis.Redis, where: str) -> None:
    transaction: Any = client.pipeline()
    if where == "transaction":
        transaction.immediate_execute_command("MULTI")
        transaction.immediate_execute_command("SET", "a", "b")
    fill_memory(client)
    ways: dict[str, Callable[[], Any]] = {
        "command": lambda: client.set("a", "b"),
        "transaction": lambda: transaction.immediate_execute_command("EXEC"),
        "script": lambda: client.eval("return redis.call('SET', 'a', 'b')", 0),
    }

    with pytest.raises(RedisError) as refused:
        ways[where]()

    assert is_oom_error(refused.value)
    assert not is_oom_error(RedisError("Connection refused"))
