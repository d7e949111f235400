"""Failovers of a Redis with Sentinel under load, one after the other: the books have to balance after all of them.

python -m tests.faults.sentinel_failovers --rounds 6

Each round kills or freezes the primary while jobs run and others are submitted. A frozen one goes on when another has
taken its place, and takes what arrives at it until a Sentinel tells it that it is a replica.
"""

import argparse
import os
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

from tests.support.fault_stack import USERS, FaultStack, open_fault_stack
from tests.support.redis_sentinel import SentinelService, run_sentinel_service
from tests.support.user import wait_until

MAX_CALLS: Final = 2
"""A call of unknown fate is repeated once."""


def run_round(stack: FaultStack, service: SentinelService, number: int, *, freezes: bool = False) -> list[str]:
    """Submit jobs, end or freeze the primary while some run, submit more until there is another; return their ids."""
    primary, replica = service.find_primary(), service.find_other()
    jobs = _submit(stack, f"round {number} before [slow:1]")
    wait_until(lambda: stack.list_calls(f"round {number} before"), "a call that runs")
    os.kill(primary.pid, signal.SIGSTOP if freezes else signal.SIGKILL)
    jobs += _submit(stack, f"round {number} meanwhile")
    service.wait_for_primary(replica)
    if freezes:
        os.kill(primary.pid, signal.SIGCONT)
    jobs += _submit(stack, f"round {number} after")
    for job in jobs:
        stack.assert_image_posted(job)
    return jobs


def count_repeated_calls(stack: FaultStack) -> int:
    """Count the seeds that were called twice. Raises `AssertionError` if one was called more often."""
    counts = Counter((call["body"] or {}).get("seed") for call in stack.list_all_calls())
    assert max(counts.values()) <= MAX_CALLS, counts
    return sum(count > 1 for count in counts.values())


def _submit(stack: FaultStack, prompt: str) -> list[str]:
    return [stack.submit_imagine(f"{prompt}, by {user}", user) for user in USERS]


def main() -> None:
    """Run the rounds, killing and freezing in turn, and print one line about each."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    rounds: int = parser.parse_args().rounds
    with (
        tempfile.TemporaryDirectory(prefix="pentimento-failovers-") as folder,
        run_sentinel_service() as service,
        open_fault_stack(Path(folder), REDIS_URL=service.url, RECONCILE_INTERVAL_SECONDS="1") as stack,
    ):
        for number in range(rounds):
            freezes, primary, started = number % 2 == 1, service.find_primary(), time.monotonic()
            jobs = run_round(stack, service, number, freezes=freezes)
            seconds = time.monotonic() - started
            kind = "frozen" if freezes else "killed"
            print(f"round {number}: {kind}, {len(jobs)} jobs answered in {seconds:.1f} s", flush=True)
            if freezes:
                service.wait_for_replica(primary)
            else:
                service.restart_as_replica(primary)
        print(f"{count_repeated_calls(stack)} of {len(stack.requesters)} jobs were called twice")
    print("each job has one result, and the ledger names what was billed")


if __name__ == "__main__":
    main()
