"""`idle_footprint`: what bot, worker and Redis take together while nobody asks for anything.

Memory is the sum of their PSS, in which a page that several processes share counts once; the note has the sum of their
RSS, too, in which each of them counts it. The floor is a bare discord.py bot that is logged in, a bare Celery worker,
and a Redis with its queue. All have the packages of the images.
https://docs.kernel.org/filesystems/proc.html (smaps_rollup)
"""

import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import redis

from demo.processes import Process
from demo.redis import RedisServer, run_redis
from demo.stack import BOT_TOKEN, Stack, run_stack
from tests.benchmarks.bench_cold_start import READY
from tests.benchmarks.bench_env import wait_for_log
from tests.benchmarks.locked_packages import build_arguments, link_locked_packages
from tests.benchmarks.measurements import read_cpu_seconds, read_memory_mib
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.benchmarks.sample_images import make_model_image

START_SECONDS = 120
SETTLE_SECONDS = 20
MEMORY_GOAL = 1.9  # 150 MiB, where the floor is 79
CPU_GOAL = 2.5  # 0.3 s a minute, where the floor is 0.12
COMMANDS_GOAL = 50.0


@dataclass(frozen=True)
class Installation:
    """The processes of one side, by name, and their Redis."""

    pids: Mapping[str, int]
    redis_url: str

    def measure_memory(self, kind: str) -> float:
        """MiB of all processes together; `kind` is Pss or Rss."""
        return sum(read_memory_mib(pid, kind) for pid in self.pids.values())

    def read_counters(self) -> tuple[float, int]:
        """CPU seconds of all processes so far, and the commands that Redis has run, those of scripts included."""
        with redis.Redis.from_url(self.redis_url) as client:
            commands: int = client.info("stats")["total_commands_processed"]
        return sum(map(read_cpu_seconds, self.pids.values())), commands


def measure(quick: bool) -> list[Ratio]:
    """Let both sides idle at the same time, as many seconds as are measured."""
    seconds, rounds = (15, 1) if quick else (30, 3)
    with ExitStack() as exit_stack:
        folder = Path(exit_stack.enter_context(tempfile.TemporaryDirectory(prefix="pentimento-idle-")))
        stack = exit_stack.enter_context(run_stack(folder / "stack", services=()))
        stack.environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed product is compiled once
        packages = {half: link_locked_packages(half, folder / half) for half in ("bot", "worker")}
        ours = _start_ours(exit_stack, stack, packages, folder)
        floor = _start_floor(exit_stack, stack, packages, folder)
        time.sleep(SETTLE_SECONDS)
        figures = [_measure_round(seconds, ours, floor) for _ in range(rounds)]
        memory = [(ours.measure_memory("Pss"), floor.measure_memory("Pss"))]
        rss = ours.measure_memory("Rss")
        print(f"idle_footprint: PSS {_list_memory(ours)} against {_list_memory(floor)}", file=sys.stderr)
    rows = []
    for name, pairs, goal, unit in (
        ("memory", memory, MEMORY_GOAL, f"MiB of PSS ({rss:.0f} of RSS)"),
        ("CPU", [pair[0] for pair in figures], CPU_GOAL, "s of CPU a minute"),
        ("commands", [pair[1] for pair in figures], COMMANDS_GOAL, "commands of Redis a second"),
    ):
        mine, theirs = zip(*pairs, strict=True)
        note = f"{sum(mine) / len(mine):.3g} {unit}, against {sum(theirs) / len(theirs):.3g}"
        rows.append(compute_ratio(f"idle_footprint[{name}]", mine, theirs, goal, note=note))
    return rows


def _start_ours(exit_stack: ExitStack, stack: Stack, packages: Mapping[str, Path], folder: Path) -> Installation:
    """Start worker and bot, the bot twice: the first one makes the tables, for which it loads more than it needs."""
    assert isinstance(stack.redis, RedisServer), "REDIS_URL names a server that is not measured"
    first = Process("first", build_arguments(packages["bot"], "bot"), folder, stack.environment)
    wait_for_log(first, READY["bot"], START_SECONDS)
    first.stop()
    pids = {"redis": stack.redis.pid}
    for name in ("worker", "bot"):
        process = Process(name, build_arguments(packages[name], name), folder, stack.environment)
        exit_stack.callback(process.stop)
        wait_for_log(process, READY[name], START_SECONDS)
        pids[name] = process.pid
    return Installation(pids, stack.redis_url)


def _start_floor(exit_stack: ExitStack, stack: Stack, packages: Mapping[str, Path], folder: Path) -> Installation:
    server = exit_stack.enter_context(run_redis())
    stand_in = Process("discord", ("-m", "demo.standins.discord", "--token", BOT_TOKEN), folder, stack.environment)
    exit_stack.callback(stand_in.stop)
    (folder / "picture.png").write_bytes(make_model_image())
    environment = stack.environment | {"DISCORD_API_URL": f"{stand_in.wait_for_report()['url']}/api/v10"}
    commands = {
        "worker": ("tests.benchmarks.bare_worker", server.url),
        "bot": ("tests.benchmarks.baseline_bot", str(folder / "picture.png")),
    }
    pids = {"redis": server.pid}
    for name, (module, argument) in commands.items():
        arguments = build_arguments(packages[name], module, argument)
        process = Process(f"bare-{name}", arguments, folder, environment)
        exit_stack.callback(process.stop)
        pids[name] = process.pid
    return Installation(pids, server.url)


def _measure_round(seconds: float, *sides: Installation) -> tuple[tuple[float, float], tuple[float, float]]:
    """CPU seconds a minute of both sides, and commands a second of both."""
    before = [side.read_counters() for side in sides]
    time.sleep(seconds)
    after = [side.read_counters() for side in sides]
    cpu = tuple((new[0] - old[0]) * 60 / seconds for old, new in zip(before, after, strict=True))
    commands = tuple((new[1] - old[1]) / seconds for old, new in zip(before, after, strict=True))
    return (cpu[0], max(cpu[1], 0.01)), (commands[0], commands[1])


def _list_memory(side: Installation) -> str:
    return ", ".join(f"{name} {read_memory_mib(pid, 'Pss'):.1f}" for name, pid in side.pids.items())
