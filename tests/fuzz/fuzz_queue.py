"""`make fuzz`: operations of bot and workers on a real Redis in random order, with a fault at any command of each.

    python -m tests.fuzz.fuzz_queue --steps 100000 --seed 1

After each step everything in Redis is audited, and after each run of up to 50 steps every request must be answered.
What fails is printed with the fewest steps that lead to it, and the seed that finds them again. The exit code is 0 if
nothing was found.
"""

import argparse
import logging
import math
import random
import sys
import time
import traceback
from typing import Final

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.stateful import run_state_machine_as_test

from demo.redis import run_redis
from tests.fuzz.queue_clients import open_clients
from tests.fuzz.queue_machine import build_machine

STEPS_PER_RUN: Final = 50
MAX_RUNS: Final = 100
"""How many runs one seed makes: enough for a bug to be found again within a minute."""

SETTINGS: Final = hypothesis.settings(
    deadline=None,
    database=None,
    stateful_step_count=STEPS_PER_RUN,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)


def fuzz_queue(url: str, steps: int, seed: int, settings: hypothesis.settings = SETTINGS) -> tuple[int, str]:
    """Make so many steps; return how many there were, and what was found: "" or a report."""
    with open_clients(url) as clients:
        machine = build_machine(clients)
        while machine.step_count < steps:
            runs = min(MAX_RUNS, math.ceil((steps - machine.step_count) / STEPS_PER_RUN))
            try:
                settings = hypothesis.settings(settings, max_examples=runs)
                run_state_machine_as_test(hypothesis.seed(seed)(machine), settings=settings)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                report = "".join(traceback.format_exception(error))
                command = f"python -m tests.fuzz.fuzz_queue --steps {runs * STEPS_PER_RUN} --seed {seed}"
                return machine.step_count, f"{report}\nfound with seed {seed}; again: {command}"
            seed += 1
    return machine.step_count, ""


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.fuzz_queue", description=sys.modules[__name__].__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=None, help="default: a different one each time")
    options = parser.parse_args(arguments)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    logging.disable()
    start = time.monotonic()
    with run_redis("--appendonly", "no") as server:
        steps, report = fuzz_queue(server.url, options.steps, seed)
    sys.stdout.write(f"seed {seed}: {steps} steps in {time.monotonic() - start:.0f} s\n{report or 'nothing found'}\n")
    return 1 if report else 0


if __name__ == "__main__":
    sys.exit(main())
