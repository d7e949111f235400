"""The real worker process: CPU a job, jobs a second and memory with 64 in flight, against the floors of one job.

Its cores are two, and what others take of them while it works (the model, this process, a stranger) is counted out.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median

from tests.bench.bench_cpu_job import TEXT_ONLY, floor_of
from tests.bench.meters import (
    Share,
    cpu_ms,
    cpu_seconds_of,
    forget_peak_of,
    in_turns,
    on_cores,
    peak_mib_of,
    rss_mib_of,
    wall_ms,
)
from tests.bench.model import running_model
from tests.bench.pictures import uploads
from tests.bench.ratios import Ratio, ratio_of
from tests.bench.workshop import Workshop, catalogue_file, open_workshop

CORES = 2
IN_FLIGHT = 64
MODEL_SECONDS = 3.0
WAITING = 32
WARMING = 4
SETTLE_SECONDS = 2.0
MIB_PICTURE, MIB_TEXT = 5.0, 3.0
INPUT = "JPEG 12 MP"


def measure(quick: bool) -> list[Ratio]:
    """Measure on two cores, of however many there are."""
    with on_cores(CORES):
        return [_cpu_worker(3 if quick else 9), *_in_flight(1 if quick else 4, 128 if quick else 192)]


def _cpu_worker(rounds: int) -> Ratio:
    """A steady stream of jobs, as many at once as the catalogue lets run."""
    picture, jobs = uploads()[INPUT], 32

    def ours(shop: Workshop) -> float:
        before = cpu_seconds_of(shop.worker.pid)
        shop.work(picture, jobs, at_once=12)
        return (cpu_seconds_of(shop.worker.pid) - before) * 1000 / jobs

    with running_model(0.5) as model, open_workshop(model) as shop, _floor(picture) as floor:
        taken, least = in_turns(rounds, partial(ours, shop), partial(cpu_ms, floor, 8))
    return ratio_of("cpu_worker", taken, least, 1.5, note=f"{median(taken):.0f} ms against {median(least):.0f} of CPU")


def _in_flight(rounds: int, jobs: int) -> list[Ratio]:
    """Jobs from words alone first: the worker that they warm holds less than one that has seen pictures."""
    kinds = ((None, TEXT_ONLY, MIB_TEXT), (uploads()[INPUT], INPUT, MIB_PICTURE))
    with running_model(MODEL_SECONDS) as model:
        limit = catalogue_file(model.folder, 2 * IN_FLIGHT)
        rows: list[Ratio] = []
        for picture, name, mib in kinds:
            settings = {"WORKER_CONCURRENCY": str(IN_FLIGHT), "CATALOGUE_FILE": limit}
            with open_workshop(model, **settings) as shop, _floor(picture) as floor:
                idle = _warm_idle(shop, picture)
                full_houses = [_full_house(shop, picture, floor, jobs) for _ in range(rounds)]
            rates, bounds, peaks = (list(figures) for figures in zip(*full_houses, strict=True))
            held = [(peak - idle) / IN_FLIGHT for peak in peaks]
            rate = f"{median(rates):.1f} jobs/s against {median(bounds):.1f}"
            memory = f"{median(held):.1f} MiB against {mib:g}"
            rows += [
                ratio_of(f"in_flight[{name}]", rates, bounds, 0.85, "higher", rate),
                ratio_of(f"memory_in_flight[{name}]", held, [mib] * rounds, 1, note=memory),
            ]
    return rows


def _full_house(
    shop: Workshop, picture: bytes | None, floor: Callable[[], None], jobs: int
) -> tuple[float, float, float]:
    """Keep `IN_FLIGHT` jobs in flight, and some waiting, until `jobs` more have ended.

    The answer is jobs a second while the house was full, the most that there could be, and the worker's peak in MiB.
    """
    pid = shop.worker.pid
    forget_peak_of(pid)
    cpu, wall = cpu_ms(floor, 8) / 1000, wall_ms(floor, 8) / 1000
    share = Share.begin(pid, shop.redis.pid)
    ended = shop.work(picture, jobs + 2 * IN_FLIGHT + WAITING, IN_FLIGHT + WAITING)
    bound = min(IN_FLIGHT / (MODEL_SECONDS + wall), share.cores() / cpu)
    return jobs / (ended[IN_FLIGHT + jobs] - ended[IN_FLIGHT]), bound, peak_mib_of(pid)


def _warm_idle(shop: Workshop, picture: bytes | None) -> float:
    """MiB that the worker holds after a few jobs, one at a time."""
    shop.work(picture, WARMING, at_once=1)
    time.sleep(SETTLE_SECONDS)
    return rss_mib_of(shop.worker.pid)


@contextmanager
def _floor(picture: bytes | None) -> Iterator[Callable[[], None]]:
    """`F_job` of the picture, against a model that answers at once."""
    with running_model() as model, model.wire() as wire:
        yield floor_of(picture, wire)
