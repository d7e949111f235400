"""The other side of `baseline_queue_bot`'s queue: every job has the same picture, after the same time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis import Redis

JOBS, OUTCOMES = "jobs", "outcomes"


@contextmanager
def run_baseline_worker(redis_url: str, picture: bytes, seconds: float) -> Iterator[None]:
    """Answer each job after `seconds`, any number at the same time, in threads of this process."""
    redis: Any = Redis.from_url(redis_url)
    has_ended = threading.Event()

    def finish_job(job: str) -> None:
        redis.pipeline().set(f"result:{job}", picture).xadd(OUTCOMES, {"job": job}).execute()

    def take_jobs() -> None:
        while not has_ended.is_set():
            taken = redis.blpop([JOBS], timeout=1)
            if taken:
                threading.Timer(seconds, finish_job, [taken[1].decode()]).start()

    taker = threading.Thread(target=take_jobs, name="baseline-worker")
    taker.start()
    try:
        yield
    finally:
        has_ended.set()
        taker.join()
        redis.close()
