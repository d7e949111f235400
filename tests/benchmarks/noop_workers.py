"""Two Celery workers that do nothing: ours with imaging and model taken out, and one of bare tasks in two hops.

python -m tests.benchmarks.noop_workers ours|bare REDIS_URL
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

import worker.app
import worker.generate
import worker.prepare
from shared.catalogue import load_catalogue
from shared.logging import EntryFormatter, configure_logging, write_text
from shared.request.pictures import Pictures
from worker.call_result import GeneratedImage
from worker.imaging.pictures import PreparedPictures
from worker.queue.connection import connect_to_redis
from worker.result_metadata import FinishedPicture
from worker.settings import Settings

FIRST, SECOND = "bare-first", "bare-second"
READY, DONE = "bench:ready", "bench:done"
IMAGE = GeneratedImage(b"a picture", "image/png", 1024, 1024, seed=7, duration_seconds=0.001)


class NoopImageModelClient:
    """Answers at once, in Bedrock's place."""

    def authorize(self, *_: Any) -> None:
        pass

    def generate(self, *_: Any) -> GeneratedImage:
        return IMAGE

    def close(self) -> None:
        pass


def _return_unchanged(uploads: Pictures, *_: Any) -> PreparedPictures:
    return PreparedPictures(uploads, (1024, 1024))


def run_our_worker(settings: Settings) -> Celery:
    """Wire the real worker, imaging and model left out."""
    worker.app.create_image_client = lambda *_: NoopImageModelClient()  # type: ignore[attr-defined, assignment]
    worker.prepare.prepare_pictures = _return_unchanged  # type: ignore[attr-defined, assignment]
    worker.generate.finish_picture = lambda result, *_: FinishedPicture(result.data)  # type: ignore[attr-defined]
    return worker.app.create_app(settings, load_catalogue())


def build_bare_app(settings: Settings) -> Celery:
    """Build an app with Celery's defaults and two tasks per job; the last task of a round sets a key in Redis."""
    url = settings.redis_url.get_secret_value()
    app = Celery("bare", broker=url)
    app.conf.update(
        worker_pool="threads", worker_concurrency=settings.worker_concurrency, worker_hijack_root_logger=False
    )
    app.conf.task_queues = [CeleryQueue(name) for name in (FIRST, SECOND)]
    done, lock, count = connect_to_redis(url), threading.Lock(), itertools.count(1)

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
    configure_logging("INFO", EntryFormatter(write_text))
    for chatty in ("celery", "kombu"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    app = {"ours": run_our_worker, "bare": build_bare_app}[which](Settings(redis_url=SecretStr(url), _env_file=None))
    up = connect_to_redis(url)
    worker_ready.connect(lambda **_: up.lpush(READY, which), weak=False)
    app.worker_main(["worker", "--without-gossip", "--without-mingle", "--without-heartbeat"])


if __name__ == "__main__":
    main(*sys.argv[1:])
