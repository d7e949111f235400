"""How 40 equal users are served while another one queues 1,000 jobs, or a team a batch of 500 items.

The scripts and Redis are real, the calls simulated (`tests.support.queue_simulation`): an hour passes in seconds.
"""

import statistics
import sys
from collections.abc import Sequence

from demo.redis import RedisServer, run_redis
from shared.job import Job, TeamRef
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.support.queue_simulation import (
    BATCH_WINDOW,
    Simulation,
    jain_index,
    make_batch_items,
    make_heavy_jobs,
)

JAIN_GOAL, WAIT_GOAL = 0.98, 1.1
HEAVY_JOBS, ITEMS = 1_000, 500
TEAM = TeamRef(id=900, name="a team")


def measure(quick: bool) -> list[Ratio]:
    """Simulate the same users alone, beside the heavy one, and beside a batch, for several seeds."""
    seeds, seconds = (2, 900.0) if quick else (5, 3_600.0)
    with run_redis() as server:
        trios = [_run_simulations(server, seed, seconds) for seed in range(seeds)]
    alone, with_heavy, with_batch = zip(*trios, strict=True)
    indices = [jain_index([hour.finished_counts[user] for user in range(1, hour.users + 1)]) for hour in with_heavy]
    heavy = statistics.median(hour.heavy_count for hour in with_heavy)
    items = statistics.median(hour.heavy_count for hour in with_batch)
    return [
        compute_ratio(
            "fairness[jain]", indices, [1.0] * seeds, JAIN_GOAL, "higher", f"{heavy:g} jobs of the heavy one"
        ),
        _compare_waits("fairness[wait]", with_heavy, alone),
        _compare_waits("fairness[batch]", with_batch, alone, f"; {items:g} items"),
    ]


def _compare_waits(name: str, ours: Sequence[Simulation], floor: Sequence[Simulation], note: str = "") -> Ratio:
    waits, floor_waits = ([statistics.mean(hour.waits) for hour in hours] for hours in (ours, floor))
    light = statistics.median(count for hour in ours for count in hour.finished_counts.values())
    note = f"{statistics.median(waits):.1f} s, {light:g} jobs each{note}"
    return compute_ratio(name, waits, floor_waits, WAIT_GOAL, note=note)


def _run_simulations(server: RedisServer, seed: int, seconds: float) -> list[Simulation]:
    print(f"fairness: seed {seed} …", file=sys.stderr)
    hours = []
    loads: Sequence[tuple[Sequence[Job], int | None]] = (
        ((), None),
        (make_heavy_jobs(HEAVY_JOBS), None),
        (make_batch_items(ITEMS, TEAM), BATCH_WINDOW),
    )
    for heavy, window in loads:
        hour = Simulation(server.url, seed)
        hour.run(seconds, heavy, window=window)
        hours.append(hour)
    return hours
