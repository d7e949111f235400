"""Two Celery workers that do nothing: ours with imaging and model taken out, and one of bare tasks in two hops.

python -m tests.bench.noop_workers ours|bare REDIS_URL
"""

import itertools
import logging
import sys
import threading
from typing import Any

from celery import Celery
from celery.signals import worker_ready
from kombu import Queue as CeleryQueue
from pydantic import SecretStr

import worker.celery_app
import worker.generate
import worker.prepare
from shared.pictures import PictureType
from worker.__main__ import LOG_FORMAT, SWITCHES
from worker.adapters.redis import connect
from worker.imaging import Prepared
from worker.ports import Picture
from worker.settings import Settings

FIRST, SECOND = "bare-first", "bare-second"
READY, DONE = "bench:ready", "bench:done"
MADE = Picture(b"a picture", "image/png", 1024, 1024, seed=7, seconds=0.001)


class NoStudio:
    """Answers at once, in Bedrock's place."""

    def __init__(self, **_: Any) -> None:
        pass

    def generate(self, *_: Any) -> Picture:
        return MADE

    def close(self) -> None:
        pass


def _as_it_is(data: bytes, *_: Any) -> Prepared:
    return Prepared(data, 1024, 1024, PictureType.JPEG, 1024, 1024)


def ours(settings: Settings) -> Celery:
    """Wire the real worker, imaging and model left out."""
    worker.celery_app.BedrockStudio = NoStudio  # type: ignore[attr-defined, assignment]
    worker.prepare.prepare = _as_it_is  # type: ignore[attr-defined, assignment]
    worker.generate.with_parameters = lambda data, *_: data  # type: ignore[attr-defined]
    return worker.celery_app.create_app(settings)


def bare(settings: Settings) -> Celery:
    """Build what Celery alone does in two hops, by its own defaults; the last task of a round says so in Redis."""
    url = settings.redis_url.get_secret_value()
    app = Celery("bare", broker=url)
    app.conf.update(
        worker_pool="threads", worker_concurrency=settings.worker_concurrency, worker_hijack_root_logger=False
    )
    app.conf.task_queues = [CeleryQueue(name) for name in (FIRST, SECOND)]
    done, lock, count = connect(url), threading.Lock(), itertools.count(1)

    @app.task(name=FIRST, ignore_result=True)
    def first(round_of: int) -> None:
        app.send_task(SECOND, (round_of,), queue=SECOND, ignore_result=True)

    @app.task(name=SECOND, ignore_result=True)
    def second(round_of: int) -> None:
        with lock:
            over = next(count) % round_of == 0
        if over:
            done.lpush(DONE, round_of)

    return app


def main(which: str, url: str) -> None:
    """Run one of the two until SIGTERM; READY in Redis counts those that are up."""
    logging.basicConfig(level="INFO", format=LOG_FORMAT)
    for chatty in ("celery", "kombu"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    app = {"ours": ours, "bare": bare}[which](Settings(redis_url=SecretStr(url), _env_file=None))
    up = connect(url)
    worker_ready.connect(lambda **_: up.lpush(READY, which), weak=False)
    app.worker_main([*SWITCHES])


if __name__ == "__main__":
    main(*sys.argv[1:])
