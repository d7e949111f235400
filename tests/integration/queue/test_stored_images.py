"""A picture comes to Redis together with the script that stores it: both succeed or neither, even in a full Redis."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from redis.exceptions import RedisError

from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import ScopeLimits
from bot.queue.outcomes import RedisOutcomeStream
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem
from shared.queue.chunks import CHUNK_BYTES
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.scripts import is_oom_error
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, claim_job, make_job, open_bot_queue
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

IMAGE = b"a picture of some chunks" * (CHUNK_BYTES // 8)


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client
        client.config_set("maxmemory", "0")


def limit_memory(client: redis.Redis, spare: int = 0) -> None:
    """Let Redis have reached maxmemory, or leave it so many spare bytes."""
    client.config_set("maxmemory", client.info("memory")["used_memory"] + spare if spare else 1)


async def test_a_picture_is_the_same_at_every_step(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, redis_client: redis.Redis
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)
    upload = worker_queue.fetch_upload("1")
    worker_queue.promote(claim_job(worker_queue, Stage.PREPARE), IMAGE[1:])
    prepared = worker_queue.fetch_prepared("1"), await bot_queue.load_prepared_image("1")
    worker_queue.finish(claim_job(worker_queue), GENERATED, IMAGE[2:])

    assert upload == IMAGE
    assert prepared == (IMAGE[1:], IMAGE[1:])
    assert await outcomes.load_result_image("1") == IMAGE[2:]
    assert redis_client.exists(DEFAULT_KEYS.incoming_picture, DEFAULT_KEYS.upload_key("1")) == 0


async def test_the_picture_of_a_repeated_or_rejected_job_is_not_stored(
    redis_url: str, bot_queue: BotJobQueue, redis_client: redis.Redis, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), b"first")

    is_new = await bot_queue.enqueue_job(make_job(1, has_picture=True), b"second")
    async with open_bot_queue(redis_url, catalogue, user=ScopeLimits(max_open=1)) as strict_queue:
        with pytest.raises(RejectedError):
            await strict_queue.enqueue_job(make_job(2, has_picture=True), b"third")

    assert not is_new
    assert redis_client.lrange(DEFAULT_KEYS.upload_key("1"), 0, -1) == [b"first"]
    assert redis_client.exists(DEFAULT_KEYS.incoming_picture, DEFAULT_KEYS.upload_key("2")) == 0


@pytest.mark.parametrize("spare", [0, len(IMAGE) // 2, 4 * len(IMAGE)], ids=["full", "too little", "above the ratio"])
async def test_a_job_whose_picture_does_not_fit_is_not_accepted_at_all(
    bot_queue: BotJobQueue, redis_client: redis.Redis, spare: int
) -> None:
    """Four times the size of the picture would be enough, but it is less than the fifth that has to stay free."""
    if spare > 0:
        redis_client.set("ballast", b"-" * 20 * len(IMAGE))
    limit_memory(redis_client, spare)

    with pytest.raises(RejectedError) as rejected:
        await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)

    assert rejected.value.problems == (make_problem("queue_full"),)
    assert redis_client.keys(f"{DEFAULT_KEYS.prefix}*1*") == []
    assert redis_client.exists(DEFAULT_KEYS.incoming_picture) == 0
    redis_client.config_set("maxmemory", "0")
    assert await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)


async def test_prepared_and_generated_pictures_are_stored_even_if_redis_is_full(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, redis_client: redis.Redis
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)
    preparing = claim_job(worker_queue, Stage.PREPARE)
    limit_memory(redis_client)
    is_promoted = worker_queue.promote(preparing, IMAGE[1:])
    redis_client.config_set("maxmemory", "0")
    generating = claim_job(worker_queue)
    limit_memory(redis_client)

    is_finished = worker_queue.finish(generating, GENERATED, IMAGE[2:])

    assert (is_promoted, is_finished) == (True, True)
    assert await bot_queue.load_prepared_image("1") == IMAGE[1:]
    assert await outcomes.load_result_image("1") == IMAGE[2:]


async def test_a_server_that_has_lost_its_scripts_gets_them_again(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, redis_client: redis.Redis
) -> None:
    redis_client.script_flush()
    is_accepted = await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)
    claim = claim_job(worker_queue, Stage.PREPARE)
    redis_client.script_flush()

    is_promoted = worker_queue.promote(claim, IMAGE)

    assert (is_accepted, is_promoted) == (True, True)
    assert worker_queue.fetch_prepared("1") == IMAGE


async def test_no_prepared_picture_is_stored_under_a_lost_lease(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, redis_client: redis.Redis
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), IMAGE)
    claim = claim_job(worker_queue, Stage.PREPARE)
    await bot_queue.cancel_job("1", make_problem("internal"))

    is_promoted = worker_queue.promote(claim, IMAGE)

    assert not is_promoted
    assert redis_client.exists(DEFAULT_KEYS.incoming_picture) == 0
    assert worker_queue.fetch_prepared("1") is None


@pytest.mark.parametrize("where", ["command", "transaction", "script"])
def test_the_error_of_a_full_redis_is_recognised(redis_client: redis.Redis, where: str) -> None:
    transaction: Any = redis_client.pipeline()
    if where == "transaction":
        transaction.immediate_execute_command("MULTI")
        transaction.immediate_execute_command("SET", "a", "b")
    limit_memory(redis_client)
    writes: dict[str, Callable[[], Any]] = {
        "command": lambda: redis_client.set("a", "b"),
        "transaction": lambda: transaction.immediate_execute_command("EXEC"),
        "script": lambda: redis_client.eval("return redis.call('SET', 'a', 'b')", 0),
    }

    with pytest.raises(RedisError) as refused:
        writes[where]()

    assert is_oom_error(refused.value)
    assert not is_oom_error(RedisError("Connection refused"))
