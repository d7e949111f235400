"""Several worker processes on one queue, against one of them as many times: each adds what the first one did.

The model takes 3 s, so that workers wait, as they do for Bedrock; the cores are far from full.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Final

from demo.processes import Process
from tests.benchmarks.bench_env import BenchEnvironment, open_bench_environment, wait_for_log, write_catalogue
from tests.benchmarks.fake_bedrock import FakeBedrock, run_fake_bedrock
from tests.benchmarks.ratios import Ratio, compute_ratio

MODEL_SECONDS: Final = 3.0
IN_FLIGHT: Final = 16
"""Jobs at a time in each worker."""
WORKERS: Final = (1, 2, 4)
GOAL: Final = 0.95


def measure(quick: bool) -> list[Ratio]:
    """Measure jobs from words alone, with all workers' threads busy."""
    rounds, waves = (1, 2) if quick else (2, 3)
    with run_fake_bedrock(MODEL_SECONDS) as model:
        catalogue = write_catalogue(model.folder, 2 * IN_FLIGHT * max(WORKERS))
        settings = {"WORKER_CONCURRENCY": str(IN_FLIGHT), "CATALOGUE_FILE": catalogue}
        rates: dict[int, list[float]] = {count: [] for count in WORKERS}
        for _ in range(rounds):
            for count, found in rates.items():
                with _open_workers(model, count, settings) as environment:
                    found.append(_measure_rate(environment, count, waves))
    return [
        compute_ratio(
            f"scale_out[{count}]",
            rates[count],
            [count * rate for rate in rates[1]],
            GOAL,
            "higher",
            f"{median(rates[count]):.1f} jobs/s against {count} × {median(rates[1]):.1f}",
        )
        for count in WORKERS[1:]
    ]


@contextmanager
def _open_workers(model: FakeBedrock, count: int, settings: dict[str, str]) -> Iterator[BenchEnvironment]:
    """Start Redis and so many workers."""
    with ExitStack() as exit_stack:
        environment = exit_stack.enter_context(open_bench_environment(model, **settings))
        variables = model.environment | {"REDIS_URL": environment.redis.url, **settings}
        others = [
            Process(f"worker-{number}", ("-m", "worker"), model.folder, variables) for number in range(2, count + 1)
        ]
        for other in others:
            exit_stack.callback(other.stop)
        for other in others:
            wait_for_log(other, "worker ready")
        yield environment


def _measure_rate(environment: BenchEnvironment, workers: int, waves: int) -> float:
    """Return the jobs a second while every thread of every worker has one; the first wave warms up."""
    full = workers * IN_FLIGHT
    ended = environment.run_jobs(None, (waves + 2) * full, 2 * full)
    return waves * full / (ended[(waves + 1) * full] - ended[full])
