"""How long 300 commands, 30 per second, wait for the bot's first response while 64 jobs run and finish.

The calls take 8 s, and the commands of the burst take the places of those that end, so 64 of them run all the time. The
row's note has how many ran at least, counted at the beginning and at the end of the burst.
"""

import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from statistics import median, quantiles

from redis import Redis

from demo.__main__ import SAMPLE_IMAGE
from demo.http_client import request_json
from demo.stack import Stack, run_stack
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.benchmarks.fake_bedrock import run_fake_bedrock
from tests.benchmarks.page_client import PageClient, is_acknowledgement_of
from tests.benchmarks.ratios import Ratio, compute_ratio

GOAL = 0.05
DISCORD_SECONDS = 3.0  # https://discord.com/developers/docs/interactions/receiving-and-responding
PEOPLE, RUNNING, COMMANDS, SECONDS = 50, 64, 300, 10.0
CLICKERS = 4
MODEL_SECONDS = 8.0
CATALOGUE = f'[models."sd3.5-large"]\nconcurrency = {RUNNING}\n'
LIMITS = {
    f"MAX_{limit}_PER_{whose}": "100000"
    for limit in ("WAITING", "PER_MINUTE")
    for whose in ("USER", "CHANNEL", "GUILD")
}


def measure(quick: bool) -> list[Ratio]:
    """Take the 99th percentile of each burst, each on a stack of its own."""
    bursts, running = [], RUNNING
    for number in range(1 if quick else 3):
        print(f"ack_burst: burst {number} …", file=sys.stderr)
        waits, least = _measure_burst()
        bursts.append(waits)
        running = min(running, least)
    slowest = [quantiles(waits, n=100)[98] for waits in bursts]
    note = f"p99 {median(slowest) * 1000:.0f} ms, median {median(chain(*bursts)) * 1000:.0f} ms, {running} jobs running"
    return [compute_ratio("ack_burst", slowest, [DISCORD_SECONDS] * len(slowest), GOAL, note=note)]


def _measure_burst() -> tuple[list[float], int]:
    """Return the seconds from each click to its first response, and how many jobs ran at least."""
    with ExitStack() as exit_stack:
        folder = Path(exit_stack.enter_context(tempfile.TemporaryDirectory(prefix="pentimento-bench-")))
        (folder / "catalogue.toml").write_text(CATALOGUE)
        model = exit_stack.enter_context(run_fake_bedrock(MODEL_SECONDS))
        settings = {name: value for name, value in model.environment.items() if name.startswith("AWS_")} | LIMITS
        settings |= {"CATALOGUE_FILE": str(folder / "catalogue.toml"), "WORKER_CONCURRENCY": str(RUNNING)}
        stack = exit_stack.enter_context(
            run_stack(folder / "stack", discord_options=("--no-rate-limits",), settings=settings)
        )
        page = exit_stack.enter_context(PageClient(stack.discord_url, stack.channel_id))
        command, people = page.find_command_id(), _create_users(stack)
        pictures = {person: page.upload(SAMPLE_IMAGE.read_bytes(), "lake.jpg", person) for person in people}

        for number in range(2 * PEOPLE):  # two each may run: all slots are taken, and some end at any moment
            person = people[number % PEOPLE]
            page.invoke_imagine(command, f"a castle, number {number}", pictures[person], person)
            time.sleep(MODEL_SECONDS / RUNNING)
        clicks: list[tuple[float, str]] = []
        start = time.perf_counter() + 0.5

        def click_in_turn(first: int) -> None:
            for number in range(first, COMMANDS, CLICKERS):
                person = people[number % PEOPLE]
                time.sleep(max(0.0, start + number * SECONDS / COMMANDS - time.perf_counter()))
                at = time.perf_counter()
                clicks.append((at, page.invoke_imagine(command, f"burst, number {number}", pictures[person], person)))

        clickers = [threading.Thread(target=click_in_turn, args=(first,)) for first in range(CLICKERS)]
        running = [_count_running_jobs(stack)]
        for clicker in clickers:
            clicker.start()
        for clicker in clickers:
            clicker.join()
        running.append(_count_running_jobs(stack))
        return [page.wait_for_event(is_acknowledgement_of(job)) - at for at, job in clicks], min(running)


def _count_running_jobs(stack: Stack) -> int:
    with Redis.from_url(stack.redis_url) as redis:
        count: int = redis.zcard(DEFAULT_KEYS.leases_key(Stage.GENERATE))
    return count


def _create_users(stack: Stack) -> list[str]:
    names = [f"person {number}" for number in range(PEOPLE)]
    return [str(request_json("POST", f"{stack.discord_url}/control/users", {"name": name})["id"]) for name in names]
