"""Measures time, CPU and memory by the operating system's accounting, alternating between alternatives."""

import contextlib
import gc
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

MIB = 1 << 20
TICKS = os.sysconf("SC_CLK_TCK")


def measure_alternately(rounds: int, *measures: Callable[[], float]) -> list[list[float]]:
    """Take every measure once a round, so that a slow minute slows all alike; a round before the first only warms.

    The answer has a list for each measure, a figure for each round.
    """
    taken = [[measure() for measure in measures] for _ in range(rounds + 1)][1:]
    return [list(figures) for figures in zip(*taken, strict=True)]


def measure_cpu_ms(function: Callable[[], object], times: int = 1) -> float:
    """CPU milliseconds (user and system, all threads of this process) that one run of `way` took."""
    gc.collect()
    start = time.process_time()
    for _ in range(times):
        function()
    return (time.process_time() - start) * 1000 / times


def measure_wall_ms(function: Callable[[], object], times: int = 1) -> float:
    """Milliseconds that one run of `way` took."""
    gc.collect()
    start = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - start) * 1000 / times


def read_cpu_seconds(pid: int) -> float:
    """CPU seconds (user and system) of a process so far, with its children that ended; in steps of 1/100 s."""
    facts = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(int(ticks) for ticks in facts[11:15]) / TICKS


def read_rss_mib(pid: int) -> float:
    """MiB of memory that a process holds now."""
    return _read_status_mib(pid, "VmRSS")


def read_memory_mib(pid: int, kind: str) -> float:
    """MiB of memory of a process by the kernel's sum over its mappings; `kind` is Pss or Rss."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    found = re.search(rf"^{kind}:\s+(\d+) kB", text, re.MULTILINE)
    assert found, f"process {pid} has no {kind}: it has ended"
    return int(found[1]) * 1024 / MIB


def read_peak_mib(pid: int) -> float:
    """MiB of memory that a process held at most, since `forget_peak_of`."""
    return _read_status_mib(pid, "VmHWM")


def reset_peak_memory(pid: int) -> None:
    """Begin `peak_mib_of` anew. https://docs.kernel.org/filesystems/proc.html (clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def _read_status_mib(pid: int, name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    assert found, f"process {pid} has no {name}: it has ended"
    return int(found[1]) * 1024 / MIB


@contextlib.contextmanager
def limit_cores(count: int) -> Iterator[None]:
    """Keep this process, and what it starts meanwhile, on so many of its cores."""
    all_of_them = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(all_of_them)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)


@dataclass(frozen=True)
class CpuShare:
    """How many of these cores were at hand for some processes in a stretch of time: idle, or working for them."""

    since: float
    idle: float
    used: float
    pids: tuple[int, ...]

    @classmethod
    def begin(cls, *pids: int) -> Self:
        return cls(time.monotonic(), read_idle_seconds(), sum(map(read_cpu_seconds, pids)), pids)

    def available_cores(self) -> float:
        """Tell it for the time since `begin`; what others took of the cores is not in it."""
        used = sum(map(read_cpu_seconds, self.pids)) - self.used
        return (read_idle_seconds() - self.idle + used) / (time.monotonic() - self.since)


def read_idle_seconds() -> float:
    """Seconds, summed over the cores that this process may use, in which they had nothing to do."""
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    mine = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    rows = [line.split() for line in lines]
    return sum(int(row[4]) + int(row[5]) for row in rows if row and row[0] in mine) / TICKS
