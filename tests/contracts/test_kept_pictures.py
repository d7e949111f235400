"""A picture comes to Redis beside the script that keeps it: both are done or neither, with room or without."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from redis.exceptions import RedisError

import bot.adapters.redis as bot_side
import worker.adapters.redis as worker_side
from shared.catalogue import Catalogue
from shared.errors import Refused, problem
from shared.queue.names import ARRIVING, PREFIX, source_key
from shared.queue.pieces import PIECE_BYTES
from shared.queue.scripts import is_full
from tests.contracts.halves import MADE, Tickets, claimed, job
from worker.ports import Lane

PICTURE = b"a picture of some pieces" * (PIECE_BYTES // 8)


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as opened:
        yield opened
        opened.config_set("maxmemory", "0")


def fill(client: redis.Redis, but: int = 0) -> None:
    """Let Redis have no room, or room for so many bytes more."""
    client.config_set("maxmemory", client.info("memory")["used_memory"] + but if but else 1)


async def test_a_picture_is_the_same_at_every_step(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, client: redis.Redis
) -> None:
    await bot_queue.accept(job(1, has_picture=True), PICTURE)
    uploaded = worker_queue.source("1")
    worker_queue.promote(claimed(worker_queue, Lane.PREPARE), PICTURE[1:])
    prepared = worker_queue.prepared("1"), await bot_queue.prepared("1")
    worker_queue.finish(claimed(worker_queue), MADE, PICTURE[2:])

    assert uploaded == PICTURE
    assert prepared == (PICTURE[1:], PICTURE[1:])
    assert await bot_queue.picture("1") == PICTURE[2:]
    assert client.exists(ARRIVING, source_key("1")) == 0


async def test_the_picture_of_a_job_that_is_known_or_refused_is_not_kept(
    redis_url: str, bot_queue: bot_side.RedisQueue, client: redis.Redis, catalogue: Catalogue, tickets: Tickets
) -> None:
    await bot_queue.accept(job(1, has_picture=True), b"first")
    strict = bot_side.RedisQueue(
        bot_side.connect(redis_url), catalogue=catalogue, ticket=tickets.from_bot, max_waiting=1
    )

    again = await bot_queue.accept(job(1, has_picture=True), b"second")
    with pytest.raises(Refused):
        await strict.accept(job(2, has_picture=True), b"third")
    await strict.close()

    assert not again
    assert client.lrange(source_key("1"), 0, -1) == [b"first"]
    assert client.exists(ARRIVING, source_key("2")) == 0


@pytest.mark.parametrize(
    "room", [0, len(PICTURE) // 2, 4 * len(PICTURE)], ids=["full", "too little", "below the share"]
)
async def test_a_job_whose_picture_finds_no_room_is_not_taken_on_at_all(
    bot_queue: bot_side.RedisQueue, client: redis.Redis, room: int
) -> None:
    """Four times its size is room enough, but less than a fifth of all there is: nothing may take that."""
    if room > 0:
        client.set("ballast", b"-" * 20 * len(PICTURE))
    fill(client, room)

    with pytest.raises(Refused) as refused:
        await bot_queue.accept(job(1, has_picture=True), PICTURE)

    assert refused.value.problems == (problem("no_room"),)
    assert client.keys(f"{PREFIX}*1*") == []
    assert client.exists(ARRIVING) == 0
    client.config_set("maxmemory", "0")
    assert await bot_queue.accept(job(1, has_picture=True), PICTURE)


async def test_what_is_prepared_or_made_is_kept_though_redis_is_full(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, client: redis.Redis
) -> None:
    await bot_queue.accept(job(1, has_picture=True), PICTURE)
    preparing = claimed(worker_queue, Lane.PREPARE)
    fill(client)
    moved = worker_queue.promote(preparing, PICTURE[1:])
    client.config_set("maxmemory", "0")
    generating = claimed(worker_queue)
    fill(client)

    ended = worker_queue.finish(generating, MADE, PICTURE[2:])

    assert (moved, ended) == (True, True)
    assert await bot_queue.prepared("1") == PICTURE[1:]
    assert await bot_queue.picture("1") == PICTURE[2:]


async def test_a_server_that_forgot_the_scripts_is_told_them_again(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, client: redis.Redis
) -> None:
    client.script_flush()
    accepted = await bot_queue.accept(job(1, has_picture=True), PICTURE)
    claim = claimed(worker_queue, Lane.PREPARE)
    client.script_flush()

    moved = worker_queue.promote(claim, PICTURE)

    assert (accepted, moved) == (True, True)
    assert worker_queue.prepared("1") == PICTURE


async def test_a_lease_that_was_lost_keeps_no_prepared_picture(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, client: redis.Redis
) -> None:
    await bot_queue.accept(job(1, has_picture=True), PICTURE)
    claim = claimed(worker_queue, Lane.PREPARE)
    await bot_queue.cancel("1", problem("internal"))

    moved = worker_queue.promote(claim, PICTURE)

    assert not moved
    assert client.exists(ARRIVING) == 0
    assert worker_queue.prepared("1") is None


@pytest.mark.parametrize("where", ["command", "transaction", "script"])
def test_a_full_redis_is_told_from_every_other_refusal(client: redis.Redis, where: str) -> None:
    transaction: Any = client.pipeline()
    if where == "transaction":
        transaction.immediate_execute_command("MULTI")
        transaction.immediate_execute_command("SET", "a", "b")
    fill(client)
    ways: dict[str, Callable[[], Any]] = {
        "command": lambda: client.set("a", "b"),
        "transaction": lambda: transaction.immediate_execute_command("EXEC"),
        "script": lambda: client.eval("return redis.call('SET', 'a', 'b')", 0),
    }

    with pytest.raises(RedisError) as refused:
        ways[where]()

    assert is_full(refused.value)
    assert not is_full(RedisError("Connection refused"))
