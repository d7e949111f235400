"""Jobs that the benchmarks queue in bulk are the same as those that the bot queues."""

import pytest

from shared.catalogue import Catalogue
from shared.queue.stages import Stage
from tests.benchmarks.queued_jobs import enqueue_all, make_job
from worker.queue.connection import connect_to_redis
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue


@pytest.mark.parametrize(("picture", "stage"), [(b"", Stage.GENERATE), (b"picture", Stage.PREPARE)])
def test_jobs_queued_in_bulk_are_claimed_like_any_other(
    redis_url: str, catalogue: Catalogue, picture: bytes, stage: Stage
) -> None:
    with connect_to_redis(redis_url) as client:
        queue = WorkerJobQueue(client, lambda _: None)
        queue.sweep(catalogue)

        enqueue_all(client, [make_job(number, user=number, has_picture=bool(picture)) for number in (1, 2)], picture)

        claims = [queue.claim(stage) for _ in range(3)]
        assert [claim and claim.job.id[-1] for claim in claims] == ["1", "2", None]
        assert queue.fetch_upload(make_job(1, 1).id) == (picture or None)
