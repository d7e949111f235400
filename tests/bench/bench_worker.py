"""The real worker process: CPU a job, jobs a second and memory with 64 in flight, against the floors of one job.

Its cores are two, and what others take of them while it works (the model, this process, a stranger) is counted out.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median

from tests.bench import floors
from tests.bench.bench_cpu_job import request_for
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
    """Keep `IN_FLIGHT` jobs in flight, and some waiting, until `jobs` have ended; the rate is that of a full house."""
    picture = uploads()[INPUT]
    with running_model(MODEL_SECONDS) as model:
        settings = {"WORKER_CONCURRENCY": str(IN_FLIGHT), "CATALOGUE_FILE": catalogue_file(model.folder, 2 * IN_FLIGHT)}
        with open_workshop(model, **settings) as shop:
            idle = _warm_idle(shop, None)
            text_mib = [_held(shop, idle, lambda: shop.work(None, jobs, IN_FLIGHT)) for _ in range(rounds)]
        rates: list[float] = []
        bounds: list[float] = []
        with open_workshop(model, **settings) as shop, _floor(picture) as floor:
            idle = _warm_idle(shop, picture)

            def full_house() -> None:
                cpu, wall = cpu_ms(floor, 8) / 1000, wall_ms(floor, 8) / 1000
                share = Share.begin(shop.worker.pid, shop.redis.pid)
                ended = shop.work(picture, jobs + 2 * IN_FLIGHT + WAITING, IN_FLIGHT + WAITING)
                bounds.append(min(IN_FLIGHT / (MODEL_SECONDS + wall), share.cores() / cpu))
                rates.append((jobs - 1) / (ended[IN_FLIGHT + jobs - 1] - ended[IN_FLIGHT]))

            picture_mib = [_held(shop, idle, full_house) for _ in range(rounds)]
    note = f"{median(rates):.1f} jobs/s against {median(bounds):.1f}"
    return [
        ratio_of("in_flight", rates, bounds, 0.85, "higher", note),
        _memory("picture", picture_mib, MIB_PICTURE),
        _memory("text only", text_mib, MIB_TEXT),
    ]


def _memory(what: str, held: list[float], most: float) -> Ratio:
    note = f"{median(held):.1f} MiB against {most:g}"
    return ratio_of(f"memory_in_flight[{what}]", held, [most] * len(held), 1, note=note)


def _warm_idle(shop: Workshop, picture: bytes | None) -> float:
    """MiB that the worker holds after a few jobs, one at a time."""
    shop.work(picture, WARMING, at_once=1)
    time.sleep(SETTLE_SECONDS)
    return rss_mib_of(shop.worker.pid)


def _held(shop: Workshop, idle: float, run: Callable[[], object]) -> float:
    """MiB a job in flight that the worker held at most above `idle`."""
    forget_peak_of(shop.worker.pid)
    run()
    return (peak_mib_of(shop.worker.pid) - idle) / IN_FLIGHT


@contextmanager
def _floor(picture: bytes) -> Iterator[Callable[[], None]]:
    """`F_job` of the picture, against a model that answers at once."""
    with running_model() as model, model.wire() as wire:
        yield partial(floors.job, picture, wire, request_for(picture))
