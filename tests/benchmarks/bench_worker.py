"""The real worker process: CPU a job, jobs a second and memory with 64 in flight, against the floors of one job.

Its cores are two, and what others take of them while it works (the model, this process, a stranger) is counted out.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median

from tests.benchmarks.bench_cpu_job import TEXT_ONLY, make_baseline
from tests.benchmarks.bench_env import BenchEnvironment, open_bench_environment, write_catalogue
from tests.benchmarks.fake_bedrock import run_fake_bedrock
from tests.benchmarks.measurements import (
    CpuShare,
    limit_cores,
    measure_alternately,
    measure_cpu_ms,
    measure_wall_ms,
    read_cpu_seconds,
    read_peak_mib,
    read_rss_mib,
    reset_peak_memory,
)
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.benchmarks.sample_images import make_uploads

CORES = 2
IN_FLIGHT = 64
MODEL_SECONDS = 3.0
WAITING = 32
WARM_UP_JOBS = 4
SETTLE_SECONDS = 2.0
MIB_PICTURE, MIB_TEXT = 5.0, 3.0
INPUT = "JPEG 12 MP"


def measure(quick: bool) -> list[Ratio]:
    """Measure on two cores, of however many there are."""
    with limit_cores(CORES):
        return [_measure_cpu(3 if quick else 9), *_measure_in_flight(1 if quick else 3, 128 if quick else 192)]


def _measure_cpu(rounds: int) -> Ratio:
    """A steady stream of jobs, as many at once as the catalogue lets run."""
    picture, jobs = make_uploads()[INPUT], 32

    def ours(shop: BenchEnvironment) -> float:
        before = read_cpu_seconds(shop.worker.pid)
        shop.run_jobs(picture, jobs, at_once=12)
        return (read_cpu_seconds(shop.worker.pid) - before) * 1000 / jobs

    with run_fake_bedrock(0.5) as model, open_bench_environment(model) as shop, _make_baseline(picture) as floor:
        taken, least = measure_alternately(rounds, partial(ours, shop), partial(measure_cpu_ms, floor, 8))
    return compute_ratio(
        "cpu_worker", taken, least, 1.5, note=f"{median(taken):.0f} ms against {median(least):.0f} of CPU"
    )


def _measure_in_flight(rounds: int, jobs: int) -> list[Ratio]:
    """Jobs from words alone first: the worker that they warm holds less than one that has seen pictures."""
    kinds = ((None, TEXT_ONLY, MIB_TEXT, 0.85), (make_uploads()[INPUT], INPUT, MIB_PICTURE, 0.9))
    with run_fake_bedrock(MODEL_SECONDS) as model:
        limit = write_catalogue(model.folder, 2 * IN_FLIGHT)
        rows: list[Ratio] = []
        for picture, name, mib, goal in kinds:
            settings = {"WORKER_CONCURRENCY": str(IN_FLIGHT), "CATALOGUE_FILE": limit}
            with open_bench_environment(model, **settings) as shop, _make_baseline(picture) as floor:
                idle = _measure_warm_idle_memory(shop, picture)
                full_houses = [_measure_full_load(shop, picture, floor, jobs) for _ in range(rounds)]
            rates, bounds, peaks = (list(figures) for figures in zip(*full_houses, strict=True))
            held = [(peak - idle) / IN_FLIGHT for peak in peaks]
            rate = f"{median(rates):.1f} jobs/s against {median(bounds):.1f}"
            memory = f"{median(held):.1f} MiB against {mib:g}"
            rows += [
                compute_ratio(f"in_flight[{name}]", rates, bounds, goal, "higher", rate),
                compute_ratio(f"memory_in_flight[{name}]", held, [mib] * rounds, 1, note=memory),
            ]
    return rows


def _measure_full_load(
    shop: BenchEnvironment, picture: bytes | None, floor: Callable[[], None], jobs: int
) -> tuple[float, float, float]:
    """Keep `IN_FLIGHT` jobs in flight, and some waiting, until `jobs` more have ended.

    The answer is jobs a second while the house was full, the most that there could be, and the worker's peak in MiB.
    """
    pid = shop.worker.pid
    reset_peak_memory(pid)
    cpu, wall = measure_cpu_ms(floor, 8) / 1000, measure_wall_ms(floor, 8) / 1000
    share = CpuShare.begin(pid, shop.redis.pid)
    ended = shop.run_jobs(picture, jobs + 2 * IN_FLIGHT + WAITING, IN_FLIGHT + WAITING)
    bound = min(IN_FLIGHT / (MODEL_SECONDS + wall), share.available_cores() / cpu)
    return jobs / (ended[IN_FLIGHT + jobs] - ended[IN_FLIGHT]), bound, read_peak_mib(pid)


def _measure_warm_idle_memory(shop: BenchEnvironment, picture: bytes | None) -> float:
    """MiB that the worker holds after a few jobs, one at a time."""
    shop.run_jobs(picture, WARM_UP_JOBS, at_once=1)
    time.sleep(SETTLE_SECONDS)
    return read_rss_mib(shop.worker.pid)


@contextmanager
def _make_baseline(picture: bytes | None) -> Iterator[Callable[[], None]]:
    """`F_job` of the picture, against a model that answers at once."""
    with run_fake_bedrock() as model, model.connect() as wire:
        yield make_baseline(picture, wire)
