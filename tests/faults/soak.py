"""`make soak`: runs the real processes with a random fault every few seconds, then checks all accounts.

    python -m tests.faults.soak --seconds 300 --seed 1

Every fault is injected once before any is repeated, in an order that the seed decides. The accounts balance if every
accepted request has exactly one result; no job was billed more than twice, or twice without a call of unknown fate;
every billed call is recorded and in the ledger; and no job is open or has a reservation. Exit code 0 if they balance, 1
after a list of discrepancies.
"""

import argparse
import math
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import redis

from demo.first_picture import wait_until_ready
from demo.http_client import StandInResponseError, request_json
from demo.processes import ProcessExitedError
from demo.stack import Stack
from tests.faults.soak_accounts import Accounts, read_accounts
from tests.faults.soak_faults import FAULTS, REQUEST_INTERVAL_SECONDS, USERS, Soak
from tests.support.load_stack import open_load_stack

FAULT_INTERVAL_SECONDS = (3.0, 6.0)
SETTLE_SECONDS = 120.0


def run_soak(seconds: float, seed: int, folder: Path, say: Callable[[str], object] = print) -> list[str]:
    """Soak for so many seconds and check the accounts; return the discrepancies."""
    logs = folder / "logs"
    with open_load_stack(logs, USERS[2:], latency_seconds=0.4, BEDROCK_CALL_SECONDS="5") as stack:
        if stack.redis is None:
            raise SystemExit("REDIS_URL names an external server, which a soak must not stop. Unset it.")
        with redis.Redis.from_url(stack.redis_url) as client:
            soak = Soak(stack, stack.redis, client, logs, random.Random(seed))
            try:
                return _run_soak(soak, seconds, say)
            finally:
                soak.stop_all()


def _run_soak(soak: Soak, seconds: float, say: Callable[[str], object]) -> list[str]:
    faults = _shuffle_faults(random.Random(soak.rng.random()))  # however many requests are made between them
    for name in ("worker", "bot"):
        soak.start(name)
    wait_until_ready(soak.stack)
    end = time.monotonic() + seconds
    next_fault = time.monotonic() + FAULT_INTERVAL_SECONDS[0]
    while time.monotonic() < end:
        soak.submit_request()
        time.sleep(REQUEST_INTERVAL_SECONDS)
        if time.monotonic() > next_fault:
            soak.inject_fault(next(faults))
            next_fault = time.monotonic() + soak.rng.uniform(*FAULT_INTERVAL_SECONDS)
    for stand_in in (soak.stack.discord_url, soak.stack.bedrock_url):
        try:
            request_json("DELETE", f"{stand_in}/control/faults")
        except StandInResponseError as error:
            say(f"the faults could not be cleared: {error}")
    soak.repair_outcomes()
    accounts = _settle_accounts(soak.stack)
    _print_report(soak, accounts, seconds, say)
    return accounts.find_discrepancies() + _find_ended_processes(soak)


def _settle_accounts(stack: Stack) -> Accounts:
    """Wait until the accounts balance, or do not come closer to that: on a busy machine many requests still wait."""
    fewest, deadline = math.inf, math.inf
    while True:
        accounts = read_accounts(stack)
        count = len(accounts.find_discrepancies())
        if count < fewest:
            fewest, deadline = count, time.monotonic() + SETTLE_SECONDS
        if not count or time.monotonic() > deadline:
            return accounts
        time.sleep(1)


def _shuffle_faults(rng: random.Random) -> Iterator[str]:
    while True:
        yield from rng.sample(list(FAULTS), len(FAULTS))


def _find_ended_processes(soak: Soak) -> list[str]:
    lines = []
    for process in soak.processes.values():
        try:
            process.check_running()
        except ProcessExitedError as error:
            lines.append(str(error))
    return lines


def _print_report(soak: Soak, accounts: Accounts, seconds: float, say: Callable[[str], object]) -> None:
    say(f"| {seconds:.0f} s | count |\n| --- | --- |")
    lines = {
        "requests submitted": soak.request_count,
        **accounts.build_table(),
        **{f"fault: {name}": count for name, count in sorted(soak.event_counts.items())},
    }
    for name, count in lines.items():
        say(f"| {name} | {count} |")


def main(arguments: Sequence[str]) -> int:
    """Soak from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="pentimento-soak-"))
    problems = run_soak(options.seconds, options.seed, folder)
    print("\n".join([*problems, f"The logs are in {folder}."]) if problems else "The accounts balance.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
