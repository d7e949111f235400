"""What the benchmarks queue in bulk is what the bot would have queued."""

import pytest
import redis

import worker.adapters.redis as worker_side
from shared.catalogue import Catalogue
from tests.bench.waiting import job, queue_all
from worker.ports import Lane


@pytest.mark.parametrize(("picture", "lane"), [(b"", Lane.GENERATE), (b"picture", Lane.PREPARE)])
def test_jobs_that_are_queued_in_bulk_are_claimed_like_any_other(
    redis_url: str, catalogue: Catalogue, picture: bytes, lane: Lane
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        queue = worker_side.RedisQueue(client, lambda _: None)
        queue.sweep(catalogue)

        queue_all(client, [job(number, user=number, has_picture=bool(picture)) for number in (1, 2)], picture)

        claims = [queue.claim(lane) for _ in range(3)]
        assert [claim and claim.job.id[-1] for claim in claims] == ["1", "2", None]
        assert queue.source(job(1, 1).id) == (picture or None)
