"""Jobs a second through the whole queue, without generating anything, against bare Celery tasks on the same Redis.

Ours is the bot's queue in this process (submission, tickets, outcomes, acknowledgement) and the real worker in another,
without imaging and model. Bare is a Celery task that sends a second one, sent from this process and run in another.
"""

import asyncio
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import redis
from celery import Celery

from bot.queue.celery_tickets import CeleryTicketWriter
from bot.queue.connection import connect_to_redis
from bot.queue.job_queue import RedisJobQueue
from bot.queue.outcomes import RedisOutcomeStream
from demo.processes import Process, build_clean_environment
from demo.redis import run_redis
from shared.catalogue import load_catalogue
from tests.benchmarks.noop_workers import DONE, FIRST, READY
from tests.benchmarks.queued_jobs import LIMITS, make_job
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.support.redis_queue import confirm_epoch

GOAL = 0.5
PEOPLE = 40
AT_ONCE = 8
SECONDS = 60
CATALOGUE = '[models."sd3.5-large"]\nconcurrency = 256\n'


def measure(quick: bool) -> list[Ratio]:
    """Measure jobs and pairs of bare tasks in turn."""
    rounds, jobs = (3, 150) if quick else (7, 400)
    with ExitStack() as stack:
        server = stack.enter_context(run_redis())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pentimento-bench-")))
        (folder / "catalogue.toml").write_text(CATALOGUE)
        environment = build_clean_environment() | {"CATALOGUE_FILE": str(folder / "catalogue.toml")}
        for which in ("ours", "bare"):
            arguments = ("-m", "tests.benchmarks.noop_workers", which, server.url)
            stack.callback(Process(which, arguments, folder, environment).stop)
        client = stack.enter_context(redis.Redis.from_url(server.url))
        confirm_epoch(client)
        for _ in range(2):
            client.blpop([READY], timeout=SECONDS)
        app = Celery("bare", broker=server.url)
        asyncio.run(_run_jobs(server.url, jobs, 0))
        ours, floor = [], []
        for number in range(1, rounds + 1):
            print(f"queue_overhead: round {number} …", file=sys.stderr)
            ours.append(asyncio.run(_run_jobs(server.url, jobs, number)))
            floor.append(_run_bare_tasks(app, client, jobs))
    note = f"{sorted(ours)[rounds // 2]:.0f} jobs a second"
    return [compute_ratio("queue_overhead", ours, floor, GOAL, "higher", note)]


def _run_bare_tasks(app: Celery, client: redis.Redis, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        app.send_task(FIRST, (count,), queue=FIRST, ignore_result=True)
    if client.blpop([DONE], timeout=SECONDS) is None:
        raise TimeoutError(f"{count} bare tasks were not done in {SECONDS} s")
    return count / (time.perf_counter() - start)


async def _run_jobs(url: str, count: int, round_number: int) -> float:
    redis_client, catalogue = connect_to_redis(url), load_catalogue()
    queue = RedisJobQueue(
        redis_client, catalogue=catalogue, build_ticket=CeleryTicketWriter().write_ticket, limits=LIMITS
    )
    outcomes = RedisOutcomeStream(redis_client, catalogue)
    slots = asyncio.Semaphore(AT_ONCE)

    async def accept(number: int) -> None:
        async with slots:
            await queue.enqueue_job(make_job(number, number % PEOPLE, has_picture=True), b"an upload")

    start = time.perf_counter()
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as tasks:
        for number in range(count):
            tasks.create_task(accept(round_number * 1_000_000 + number))
        delivered = 0
        while delivered < count:
            entries = await outcomes.read_outcomes()
            await outcomes.load_statuses([entry.job_id for entry in entries])
            for entry in entries:
                await outcomes.load_result_image(entry.job_id)
                await outcomes.acknowledge_outcome(entry, 1)
            delivered += len(entries)
    taken = time.perf_counter() - start
    await queue.close()
    return count / taken
