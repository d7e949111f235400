"""What ways of doing something took, by the operating system's accounting, taken in turns."""

import gc
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

MIB = 1 << 20
TICKS = os.sysconf("SC_CLK_TCK")


def in_turns(rounds: int, *measures: Callable[[], float]) -> list[list[float]]:
    """Take every measure once a round, so that a slow minute slows all alike; a round before the first only warms.

    The answer has a list for each measure, a figure for each round.
    """
    taken = [[measure() for measure in measures] for _ in range(rounds + 1)][1:]
    return [list(figures) for figures in zip(*taken, strict=True)]


def cpu_ms(way: Callable[[], object], times: int = 1) -> float:
    """CPU milliseconds (user and system, all threads of this process) that one run of `way` took."""
    gc.collect()
    start = time.process_time()
    for _ in range(times):
        way()
    return (time.process_time() - start) * 1000 / times


def wall_ms(way: Callable[[], object], times: int = 1) -> float:
    """Milliseconds that one run of `way` took."""
    gc.collect()
    start = time.perf_counter()
    for _ in range(times):
        way()
    return (time.perf_counter() - start) * 1000 / times


def cpu_seconds_of(pid: int) -> float:
    """CPU seconds (user and system) that a process has used so far, all its threads; in steps of 1/100 s."""
    facts = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(facts[11]) + int(facts[12])) / TICKS


def rss_mib_of(pid: int) -> float:
    """MiB of memory that a process holds now."""
    return _status(pid, "VmRSS")


def peak_mib_of(pid: int) -> float:
    """MiB of memory that a process held at most, since `forget_peak_of`."""
    return _status(pid, "VmHWM")


def forget_peak_of(pid: int) -> None:
    """Begin `peak_mib_of` anew. https://docs.kernel.org/filesystems/proc.html (clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def _status(pid: int, name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    assert found, f"process {pid} has no {name}: it has ended"
    return int(found[1]) * 1024 / MIB
