"""Tokens of interactions that several bots share."""

import redis

from bot.queue.connection import connect_to_redis
from bot.queue.followups import RedisFollowupStore
from shared.queue.keys import DEFAULT_KEYS


async def test_tokens_are_kept_for_a_while_if_other_bots_run(redis_url: str) -> None:
    connection = connect_to_redis(redis_url)
    alone = RedisFollowupStore(connection, lambda: False)
    shared = RedisFollowupStore(connection, lambda: True)

    await alone.save_token(["1"], "secret", 840)
    await shared.save_token(["2-01", "2-02"], "secret", 840)

    assert [await shared.load_token(job_id) for job_id in ("1", "2-01", "2-02")] == [None, "secret", "secret"]
    assert await alone.load_token("2-01") is None
    with redis.Redis.from_url(redis_url) as client:
        assert 800 < int(client.ttl(DEFAULT_KEYS.followup_key("2-01"))) <= 840
    await connection.aclose()


async def test_without_redis_there_are_no_tokens() -> None:
    connection = connect_to_redis("redis://127.0.0.1:1/0")
    store = RedisFollowupStore(connection, lambda: True)

    await store.save_token(["1"], "secret", 840)

    assert await store.load_token("1") is None
    await connection.aclose()
