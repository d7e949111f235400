"""Records what this release stores, with its real processes: `python -m tests.compat.record`, once for each release.

It writes tests/compat/<version>/, which is never changed afterwards: every value in Redis with Celery's messages, the
database, and the commit.
"""

import os
import signal
import sys
import tempfile
from pathlib import Path

import redis

from demo.first_picture import wait_until_ready
from demo.stack import run_stack
from shared import __version__
from tests.compat.scenario import SETTINGS, Scenario
from tests.compat.snapshot import (
    COMMIT_FILE,
    DATABASE_FILE,
    FOLDER,
    REDIS_FILE,
    dump_database,
    dump_redis,
    hide_host,
    write_json,
)
from tests.upgrade.releases import find_commit


def record_snapshot(target: Path) -> None:
    """Run the scenario, kill the processes at once, and write everything that they stored."""
    folder = Path(tempfile.mkdtemp(prefix="pentimento-record-"))
    with run_stack(
        folder,
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.1"),
        settings=SETTINGS,
        services=("bot",),
    ) as stack:
        wait_until_ready(stack)
        with redis.Redis.from_url(stack.redis_url) as client:
            scenario = Scenario(stack, client, folder)
            try:
                scenario.use_everything()
                scenario.make_dead_letter()
                scenario.fill_every_stage()
                os.kill(stack.processes["bot"].pid, signal.SIGKILL)
                dumped = dump_redis(client)
            finally:
                scenario.stop_workers()
        stack.processes["bot"].stop()
        database = dump_database(Path(stack.environment["DATABASE_URL"].removeprefix("sqlite:///")))
    target.mkdir(parents=True)
    write_json(target / REDIS_FILE, dumped)
    (target / DATABASE_FILE).write_text(hide_host(database), "utf-8")
    (target / COMMIT_FILE).write_text(find_commit("HEAD") + "\n", "utf-8")


if __name__ == "__main__":
    if (FOLDER / __version__).exists():
        sys.exit(f"{FOLDER / __version__} exists. What a release stored is never changed.")
    record_snapshot(FOLDER / __version__)
