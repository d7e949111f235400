"""`cold_start`: the time until a process is ready, compared with a process that only imports the same libraries."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from statistics import median

from demo.processes import Process
from demo.stack import Stack, run_stack
from tests.benchmarks.bench_env import wait_for_log
from tests.benchmarks.measurements import measure_alternately, measure_wall_ms
from tests.benchmarks.ratios import Ratio, compute_ratio

LIBRARIES: Mapping[str, str] = {
    "worker": "boto3, celery.app.base, celery.apps.worker, celery.bin.celery, celery.concurrency.thread, "
    "celery.worker.consumer, dotenv, kombu.transport.redis, PIL.AvifImagePlugin, PIL.GifImagePlugin, PIL.ImageCms, "
    "PIL.JpegImagePlugin, PIL.PngImagePlugin, PIL.WebPImagePlugin, pybase64, pydantic_settings, redis",
    "bot": "aiohttp, alembic.command, discord.app_commands, discord.ui, PIL.Image, pydantic_settings, "
    "redis.asyncio, sqlalchemy.ext.asyncio",
}
# From here on commands are accepted; discord.py's ready event comes two seconds after the last guild.
READY = {"worker": "worker ready", "bot": "has connected to Gateway"}


def measure(quick: bool) -> list[Ratio]:
    """Start bot and worker repeatedly, on a stack whose stand-ins and Redis keep running."""
    with tempfile.TemporaryDirectory(prefix="pentimento-start-") as name, run_stack(Path(name), services=()) as stack:
        stack.environment.pop(
            "PYTHONDONTWRITEBYTECODE", None
        )  # an installed product is compiled once, not at every start
        return [_measure_half(half, stack, Path(name), 3 if quick else 5) for half in READY]


def _measure_half(half: str, stack: Stack, folder: Path, rounds: int) -> Ratio:
    imports = [sys.executable, "-c", f"import {LIBRARIES[half]}"]
    bare = partial(subprocess.run, imports, env=stack.environment, check=True, timeout=60)
    ours, floor = measure_alternately(rounds, partial(_start_half, half, folder, stack), partial(measure_wall_ms, bare))
    note = f"{median(ours) / 1000:.2f} s against {median(floor) / 1000:.2f} s"
    return compute_ratio(f"cold_start[{half}]", ours, floor, 1.5, note=note)


def _start_half(half: str, folder: Path, stack: Stack) -> float:
    started = time.perf_counter()
    process = Process(half, ("-m", half), folder, stack.environment)
    try:
        wait_for_log(process, READY[half])
        return (time.perf_counter() - started) * 1000
    finally:
        process.stop()
