"""The least that a Celery worker can be: one task, threads as ours.

python -m tests.benchmarks.bare_worker REDIS_URL
"""

import sys

from celery import Celery


def main(url: str) -> None:
    """Run it until SIGTERM."""
    app = Celery("bare", broker=url)
    app.conf.update(worker_pool="threads", worker_concurrency=32)

    @app.task(name="do_nothing", ignore_result=True)
    def do_nothing() -> None:
        """Do nothing."""

    app.worker_main(["worker", "--without-gossip", "--without-mingle", "--without-heartbeat"])


if __name__ == "__main__":
    main(sys.argv[1])
