"""Errors of Redis are counted at the connections of the bot and of the worker, once each, and none without a fault."""

from collections import Counter

import pytest
from redis.exceptions import RedisError

from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.error_counting import count_connections
from bot.queue.error_counting import count_redis_errors as count_errors_of_bot
from bot.queue.measurement import RedisQueueMeasurement
from bot.queue.pictures import QueuePictures
from shared.catalogue import Catalogue
from shared.pictures.reference import PictureStorageError
from shared.queue.keys import DEFAULT_KEYS
from worker.ports import QueueUnavailableError
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.error_counting import count_redis_errors as count_errors_of_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue
from worker.queue.pictures import QueuePictures as WorkerPictures
from worker.queue.pictures import UnreadableReferenceError

PICTURE, LIST = DEFAULT_KEYS.upload_key("1"), DEFAULT_KEYS.upload_key("2")
NOBODY_LISTENS = "redis://127.0.0.1:1/0"


async def test_the_bot_counts_refusals_and_lost_connections_alone(redis_url: str, catalogue: Catalogue) -> None:
    counts: Counter[str] = Counter()
    client = connect_bot(redis_url)
    count_errors_of_bot(client, lambda kind: counts.update([kind]))

    await client.script_flush()
    await RedisQueueMeasurement(client, catalogue).measure()  # loads its script again: no fault
    await client.set(DEFAULT_KEYS.dead_letters, "no number")
    assert not counts
    pipeline = client.pipeline(transaction=False)
    pipeline.incr(DEFAULT_KEYS.dead_letters)
    await pipeline.execute(raise_on_error=False)
    assert counts == {"other": 1}
    assert count_connections(client) == (0, 1)
    await client.set(PICTURE, "elsewhere")
    await client.rpush(LIST, b"chunk")
    pictures = QueuePictures()
    with pytest.raises(PictureStorageError):
        await pictures.load(client, PICTURE)
    assert await pictures.list_references(client, [PICTURE, LIST]) == []
    assert counts == {"other": 1}, "a picture may be elsewhere"
    with pytest.raises(RedisError):
        await client.llen(PICTURE)
    assert counts == {"other": 1, "WRONGTYPE": 1}
    await pictures.close()
    await client.aclose()

    lost = connect_bot(NOBODY_LISTENS)
    count_errors_of_bot(lost, lambda kind: counts.update([kind]))
    with pytest.raises(RedisError):
        await lost.ping()
    assert counts["connection"] >= 1


def test_the_worker_counts_them_too(redis_url: str, catalogue: Catalogue) -> None:
    counts: Counter[str] = Counter()
    client = connect_worker(redis_url)
    count_errors_of_worker(client, lambda kind: counts.update([kind]))

    client.script_flush()
    WorkerJobQueue(client, lambda _: None).sweep(catalogue)
    assert not counts
    client.set(DEFAULT_KEYS.dead_letters, "no number")
    pipeline = client.pipeline(transaction=False)
    pipeline.incr(DEFAULT_KEYS.dead_letters)
    pipeline.execute(raise_on_error=False)
    assert counts == {"other": 1}
    client.set(PICTURE, "elsewhere")
    pictures = WorkerPictures(client)
    with pytest.raises(QueueUnavailableError):
        pictures.fetch(PICTURE)
    with pytest.raises(UnreadableReferenceError):
        pictures.measure(PICTURE)
    client.delete(PICTURE)
    client.rpush(PICTURE, b"chunk")
    pictures.delete_from_storage(PICTURE)
    assert counts == {"other": 1}, "a picture may be elsewhere"
    with pytest.raises(RedisError):
        client.get(PICTURE)
    assert counts == {"other": 1, "WRONGTYPE": 1}
    client.close()

    lost = connect_worker(NOBODY_LISTENS)
    count_errors_of_worker(lost, lambda kind: counts.update([kind]))
    with pytest.raises(RedisError):
        lost.ping()
    assert counts["connection"] >= 1
